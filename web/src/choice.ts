import type { Engine, Latency } from './players/player';

/** What the page shows: one engine, or HLS and DASH side by side. */
export type Choice = Engine | 'both';

/** What a viewer may choose; each is a parameter of the address and remembered by itself. */
export interface Choices {
  player: Choice;
  latency: Latency;
}

const CHOICES: { readonly [K in keyof Choices]: readonly Choices[K][] } = {
  player: ['hls', 'dash', 'ts', 'both'],
  latency: ['low', 'normal'],
};

const DEFAULTS: Choices = { player: 'hls', latency: 'low' };

/**
 * The choices in a query string (`?player=dash&latency=normal`); for each that
 * is missing or unknown there, the remembered one, or the default.
 */
export function chosen(query: string, remembered: (name: keyof Choices) => string | null): Choices {
  const asked = new URLSearchParams(query);
  const pick = <K extends keyof Choices>(name: K): Choices[K] =>
    [asked.get(name), remembered(name)].find((value) => isOneOf(name, value)) ?? DEFAULTS[name];
  return { player: pick('player'), latency: pick('latency') };
}

/** The engines that a choice shows, in order. */
export function enginesOf(choice: Choice): Engine[] {
  return choice === 'both' ? ['hls', 'dash'] : [choice];
}

/** Whether the choice of latency makes a difference to an engine. */
export function hasLowLatency(engine: Engine): boolean {
  return engine !== 'ts';
}

/** The choice of an earlier visit. */
export function recall(name: keyof Choices): string | null {
  try {
    return localStorage.getItem(keyOf(name));
  } catch {
    return null; // storage may be forbidden
  }
}

/** Keeps a choice for later visits and in the address, for this page to be passed on. */
export function remember<K extends keyof Choices>(name: K, value: Choices[K]): void {
  const url = new URL(location.href);
  url.searchParams.set(name, value);
  history.replaceState(null, '', url);
  try {
    localStorage.setItem(keyOf(name), value);
  } catch {
    // storage may be forbidden
  }
}

/** Whether a value is one of those to choose from. */
export function isOneOf<K extends keyof Choices>(name: K, value: unknown): value is Choices[K] {
  return CHOICES[name].some((choice) => choice === value);
}

function keyOf(name: keyof Choices): string {
  return `sluice.${name}`;
}
