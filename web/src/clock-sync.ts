import { localNow, ServerClock } from './clock';
import { sleep } from './sleep';

const BURST = 4;
const INTERVAL = 30_000;

/**
 * Keeps a clock near the server's until the signal aborts: a few readings at
 * once (the first one pays for the connection), then one now and then.
 */
export async function followClock(clock: ServerClock, url: string, signal: AbortSignal): Promise<void> {
  for (let n = 1; !signal.aborted; n++) {
    await readClock(clock, url, signal);
    await sleep(n < BURST ? 150 : INTERVAL, signal);
  }
}

async function readClock(clock: ServerClock, url: string, signal: AbortSignal): Promise<void> {
  try {
    const sent = localNow();
    const response = await fetch(url, { cache: 'no-store', signal });
    const received = localNow();
    if (response.ok) clock.add({ sent, received, server: Date.parse(await response.text()) });
  } catch {
    // Out of reach for the moment: the estimate stays, the next reading corrects it.
  }
}
