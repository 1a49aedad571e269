/**
 * Counts stalls. A stall begins with a `waiting` after playback has started,
 * and lasts until the picture moves again. Pure: events go in with their time.
 *
 * Not stalls: what happens before half a second was played, a `waiting` that a
 * seek caused, a pause, the end. A picture that stands still for a second
 * without any event is one, and so is a player that had to be built anew.
 */

export type MediaEventName =
  'playing' | 'waiting' | 'timeupdate' | 'seeking' | 'seeked' | 'pause' | 'ended' | 'emptied';

/** What happened: a media event, or `tick`, which is due at least once a second. */
export interface Moment {
  type: MediaEventName | 'tick';
  /** Local time in milliseconds. */
  at: number;
  /** Media time in seconds. */
  position: number;
}

/** The events of a media element that a meter needs. */
export const MEDIA_EVENTS: readonly MediaEventName[] = [
  'playing',
  'waiting',
  'timeupdate',
  'seeking',
  'seeked',
  'pause',
  'ended',
  'emptied',
];

const START_UP = 0.5; // seconds to be played before playback counts as started
const FREEZE = 1000; // ms without any movement
const MOVE = 0.001; // seconds that count as movement

export class StallMeter {
  #playing = false;
  #seeking = false;
  #played = 0;
  #position = 0;
  #movedAt = 0;
  #since: number | null = null;
  #count = 0;
  #finished = 0;

  /** Stalls so far, one under way included. */
  get count(): number {
    return this.#count;
  }

  /** True once enough was played for a stall to be one. */
  get started(): boolean {
    return this.#played >= START_UP;
  }

  /** True while a stall is under way. */
  get stalled(): boolean {
    return this.#since !== null;
  }

  /** Milliseconds that the stall under way has lasted at the time given; 0 when there is none. */
  current(at: number): number {
    return this.#since === null ? 0 : Math.max(0, at - this.#since);
  }

  /** Milliseconds of all stalls together at the time given. */
  total(at: number): number {
    return this.#finished + this.current(at);
  }

  /** Takes back the stall under way: it was none, the stream is over. */
  withdraw(): void {
    if (this.#since !== null) this.#count--;
    this.#since = null;
    this.#playing = false;
  }

  /** Takes in what happened. Moments come in the order of their time. */
  on(moment: Moment): void {
    switch (moment.type) {
      case 'playing':
        this.#playing = true;
        this.#end(moment.at);
        this.#rebase(moment);
        break;
      case 'waiting':
        this.#begin(moment.at);
        break;
      case 'seeking':
      case 'seeked':
        this.#seeking = moment.type === 'seeking';
        this.#rebase(moment);
        break;
      case 'emptied':
        this.#begin(moment.at);
        this.#seeking = false;
        this.#rebase(moment);
        break;
      case 'pause':
        this.#end(moment.at);
        this.#playing = false;
        break;
      case 'ended':
        this.withdraw();
        break;
      case 'timeupdate':
      case 'tick':
        this.#follow(moment);
        break;
    }
  }

  #follow(moment: Moment): void {
    const moved = moment.position - this.#position;
    if (Math.abs(moved) >= MOVE) {
      if (this.#playing && !this.#seeking) this.#played += Math.max(0, moved);
      this.#end(moment.at);
      this.#rebase(moment);
    } else if (moment.at - this.#movedAt >= FREEZE) {
      this.#begin(this.#movedAt);
    }
  }

  #rebase(moment: Moment): void {
    this.#position = moment.position;
    this.#movedAt = moment.at;
  }

  #begin(at: number): void {
    if (!this.started || !this.#playing || this.#seeking || this.#since !== null) return;
    this.#since = at;
    this.#count++;
  }

  #end(at: number): void {
    this.#finished += this.current(at);
    this.#since = null;
  }
}
