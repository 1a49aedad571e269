import { ENGINES, type Engine } from './players/player';

/** What the page shows: one engine, or HLS and DASH side by side. */
export type Choice = Engine | 'both';

const KEY = 'sluice.player';

/** The choice in a query string (`?player=dash`) or, without a valid one, the remembered one, or HLS. */
export function chosen(query: string, remembered: string | null): Choice {
  const asked = new URLSearchParams(query).get('player');
  return [asked, remembered].find(isChoice) ?? 'hls';
}

/** The engines that a choice shows, in order. */
export function enginesOf(choice: Choice): Engine[] {
  return choice === 'both' ? ['hls', 'dash'] : [choice];
}

/** The choice of an earlier visit. */
export function recall(): string | null {
  try {
    return localStorage.getItem(KEY);
  } catch {
    return null; // storage may be forbidden
  }
}

/** Keeps the choice for later visits and in the address, for this page to be passed on. */
export function remember(choice: Choice): void {
  const url = new URL(location.href);
  url.searchParams.set('player', choice);
  history.replaceState(null, '', url);
  try {
    localStorage.setItem(KEY, choice);
  } catch {
    // storage may be forbidden
  }
}

export function isChoice(value: unknown): value is Choice {
  return value === 'both' || ENGINES.some((engine) => engine === value);
}
