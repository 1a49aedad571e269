import type { StreamStatus } from './status';

/** What to do about a picture that stands still. */
export type Verdict =
  | 'wait' // it may still go on
  | 'ended' // the stream is over
  | 'away' // nobody publishes: say so, and keep the player, which may go on by itself
  | 'gone' // the stream is not there any more, or not for who watches
  | 'unreachable' // nothing can be done without the server
  | 'give up'; // there is media and the player does not play it: build it anew

/** Milliseconds of standing still before the server is asked why. */
export const ASK_AFTER = 3000;

const GIVE_UP_AFTER = 12_000;
const START_WITHIN = 20_000;

/**
 * Judges a picture that has stood still for `still` milliseconds, by what the
 * server says of the stream and whether this player has shown a picture before.
 */
export function verdict(status: StreamStatus, still: number, shown: boolean): Verdict {
  switch (status) {
    case 'missing':
    case 'forbidden':
      return 'gone';
    case 'ended':
      return 'ended';
    case 'away':
      return 'away';
    case 'unreachable':
      return 'unreachable';
    case 'live':
      return still > (shown ? GIVE_UP_AFTER : START_WITHIN) ? 'give up' : 'wait';
  }
}
