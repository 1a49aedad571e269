import { Backoff } from './backoff';
import { sleep } from './sleep';

const OFTEN = 2000; // ms between two questions: what they are about is looked at that often
const SELDOM = 6000; // while there is nothing
const NEVER_MIND = 30_000; // while there is no right to know
const PATIENCE = 8000; // for one answer

/** What is done with the answers to a question that is asked again and again. */
export interface Listener {
  /** There is an answer; `now` is the gateway's clock then, in epoch milliseconds. */
  told(json: unknown, now: number): void;
  /** Nothing of that name is there. */
  missing(): void;
  /** It is not for those without a token. */
  forbidden(): void;
  /** Nobody answers. It is asked again, more and more seldom. */
  lost(): void;
}

/** Asks every two seconds for as long as there is the page, and not at all while nobody looks at it. */
export async function follow(url: string, listener: Listener): Promise<never> {
  const backoff = new Backoff(OFTEN);
  for (;;) {
    const pause = await ask(url, listener);
    if (pause === null) listener.lost();
    else backoff.reset();
    await sleepUntilOnline(pause ?? backoff.next());
    await visible();
  }
}

/** Asks once. Returns for how long the answer will do, null when there is none. */
async function ask(url: string, listener: Listener): Promise<number | null> {
  let response: Response;
  let json: unknown;
  try {
    response = await fetch(url, { cache: 'no-cache', signal: AbortSignal.timeout(PATIENCE) });
    if (response.ok) json = await response.json();
  } catch {
    return null;
  }
  switch (response.status) {
    case 200:
      listener.told(json, Date.parse(response.headers.get('Date') ?? '') || Date.now());
      return OFTEN;
    case 404:
      listener.missing();
      return SELDOM;
    case 401:
    case 403:
      listener.forbidden();
      return NEVER_MIND;
    default:
      return null;
  }
}

/** Sleeps for so long at most: less when the network comes back. */
async function sleepUntilOnline(ms: number): Promise<void> {
  const wake = new AbortController();
  const call = (): void => {
    wake.abort();
  };
  addEventListener('online', call);
  await sleep(ms, wake.signal);
  removeEventListener('online', call);
}

/** Resolves when somebody looks at the page. */
export function visible(): Promise<void> {
  if (!document.hidden) return Promise.resolve();
  return new Promise((resolve) => {
    const look = (): void => {
      if (document.hidden) return;
      document.removeEventListener('visibilitychange', look);
      resolve();
    };
    document.addEventListener('visibilitychange', look);
  });
}
