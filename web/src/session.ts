import { Backoff } from './backoff';
import { BitrateMeter } from './bitrate';
import { bufferAhead, bufferedRanges } from './latency';
import { explainMedia } from './players/explain';
import { loadPlayer } from './players/open';
import { manifestOf, type Engine, type Latency, type Player, type PlayerError } from './players/player';
import { isAborted, sleep } from './sleep';
import { MEDIA_EVENTS, StallMeter, type Moment } from './stalls';
import { streamStatus, type StreamStatus } from './status';
import { ASK_AFTER, verdict } from './verdict';

/**
 * connecting: asking what there is, or starting a player. waiting: not on air
 * yet. forbidden: the server wants a token. playing: the picture moves, or stalls.
 * away: nobody publishes at the moment. ended: over. recovering: something failed,
 * another attempt follows.
 */
export type SessionState =
  'connecting' | 'waiting' | 'forbidden' | 'playing' | 'away' | 'ended' | 'recovering';

// ms from when somebody publishes again to the start of a player: one that begins in the
// gap, so far behind the live edge, may stay there (hls.js 1.7, dash.js 5).
const SETTLE: Record<Latency, number> = { low: 2500, normal: 7000 };
const POLL = 1500; // ms between two questions what the stream does
const FORBIDDEN_POLL = 30_000; // ms, while there is no right to know
const TICK = 500; // ms between two looks at the picture
const HEALTHY_AFTER = 10_000; // ms of playing that make earlier failures forgotten
const LEFT_AT_END = 1; // seconds that dash.js may leave unplayed
const KEPT_ERRORS = 50;
const NO_ANSWER = 'The server does not answer.';

/** How one player came to its end; `again` leaves the reason to the next question. */
type Outcome = { kind: 'ended' } | { kind: 'again' } | { kind: 'failed'; message: string };

/** Plays one stream in one element with one engine, through waits, ends and failures, until stopped. */
export class Session {
  state: SessionState = 'connecting';
  /** Why it is recovering; empty otherwise. */
  problem = '';
  /** True when the browser wants a gesture before it plays. */
  blocked = false;
  /** True once the present player has shown a moving picture. */
  ready = false;
  player: Player | null = null;
  readonly stalls = new StallMeter();
  readonly bitrate = new BitrateMeter();
  /** What players reported, newest last: their name for it, marked when fatal. */
  readonly errors: string[] = [];
  readonly engine: Engine;
  readonly latency: Latency;

  readonly #video: HTMLVideoElement;
  readonly #changed: () => void;
  readonly #stop = new AbortController();
  readonly #backoff = new Backoff();
  #finish: (outcome: Outcome) => void = () => undefined;

  /** `changed` is called when state, problem, blocked or stalled changed. */
  constructor(video: HTMLVideoElement, engine: Engine, latency: Latency, changed: () => void) {
    this.engine = engine;
    this.latency = latency;
    this.#video = video;
    this.#changed = changed;
  }

  /** Plays until stop is called. */
  async run(): Promise<void> {
    const { signal } = this.#stop;
    this.#listen(signal);
    loadPlayer(this.engine).catch(() => undefined); // on its way while the server is asked; #open says what fails
    while (!signal.aborted) {
      const status = await this.#status(signal);
      if (isAborted(signal)) return;
      if (status === 'live') {
        if (this.state === 'away') await sleep(SETTLE[this.latency], signal);
        if (isAborted(signal)) return;
        await this.#attempt(signal);
      } else await this.#pauseFor(status, signal);
    }
  }

  /** Lets go of the element; the session is of no more use. */
  stop(): void {
    this.#stop.abort();
    this.#close();
  }

  /** Asks the browser to play. */
  play(): void {
    this.#video.play().then(
      () => {
        this.#setBlocked(false);
      },
      (error: unknown) => {
        if (error instanceof DOMException && error.name === 'NotAllowedError') this.#setBlocked(true);
      },
    );
  }

  /** Seconds in the buffer ahead of the picture. */
  buffer(): number {
    return bufferAhead(bufferedRanges(this.#video.buffered), this.#video.currentTime);
  }

  /** True while the picture stands still for want of media. */
  get stalled(): boolean {
    return this.stalls.stalled;
  }

  get #manifest(): string {
    return manifestOf(this.engine, this.latency);
  }

  #status(signal: AbortSignal): Promise<StreamStatus> {
    return streamStatus(this.#manifest, signal);
  }

  async #pauseFor(status: Exclude<StreamStatus, 'live'>, signal: AbortSignal): Promise<void> {
    switch (status) {
      case 'missing':
        this.#become('waiting');
        return sleep(POLL, signal);
      case 'forbidden':
        this.#become('forbidden');
        return sleep(FORBIDDEN_POLL, signal);
      case 'ended':
      case 'away':
        this.#become(status);
        return sleep(POLL, signal);
      case 'unreachable':
        this.#become('recovering', NO_ANSWER);
        return sleep(this.#backoff.next(), signal);
    }
  }

  async #attempt(signal: AbortSignal): Promise<void> {
    if (this.state !== 'recovering') this.#become('connecting');
    const outcome = await this.#playOnce(signal);
    this.#close();
    if (outcome.kind === 'again' || signal.aborted) return;
    if (outcome.kind === 'ended') return this.#pauseFor('ended', signal);
    // A stream that ended or went away makes players fail, too.
    const status = await this.#status(signal);
    if (status !== 'live') return this.#pauseFor(status, signal);
    this.#become('recovering', outcome.message);
    return sleep(this.#backoff.next(), signal);
  }

  /** Opens a player and watches it until it ends, fails or is stopped. */
  async #playOnce(signal: AbortSignal): Promise<Outcome> {
    const over = new AbortController();
    const outcome = new Promise<Outcome>((resolve) => {
      this.#finish = resolve;
      const stop = (): void => {
        resolve({ kind: 'again' });
      };
      signal.addEventListener('abort', stop, { signal: over.signal });
    });
    await this.#open();
    if (signal.aborted) this.#close();
    else void this.#watch(over.signal);
    const result = await outcome;
    over.abort();
    return result;
  }

  async #open(): Promise<void> {
    try {
      const open = await loadPlayer(this.engine);
      if (isAborted(this.#stop.signal)) return;
      this.player = open(
        this.#video,
        { engine: this.engine, manifest: this.#manifest, latency: this.latency },
        {
          error: (error) => {
            this.#report(error);
          },
          fragment: (track, bytes, seconds) => {
            this.bitrate.add(track, bytes, seconds);
          },
        },
      );
    } catch (error) {
      this.#report({ message: 'The player could not be loaded.', code: String(error), fatal: true });
    }
  }

  #report(error: PlayerError): void {
    this.errors.push(error.fatal ? `${error.code} (fatal)` : error.code);
    if (this.errors.length > KEPT_ERRORS) this.errors.shift();
    if (error.fatal) this.#finish({ kind: 'failed', message: error.message });
  }

  /** Looks now and then whether the picture moves, and asks the server when it does not. */
  async #watch(signal: AbortSignal): Promise<void> {
    const began = performance.now();
    let well = began; // when it last moved, or stood still for a good reason
    while (!signal.aborted) {
      await sleep(TICK, signal);
      this.#feed('tick');
      const now = performance.now();
      if (this.#well()) {
        well = now;
        if (now - began > HEALTHY_AFTER) this.#backoff.reset();
      } else if (now - well >= ASK_AFTER) {
        const status = await this.#status(signal);
        if (isAborted(signal)) return;
        if (!this.#act(status, now - well)) well = now;
        await sleep(POLL, signal);
      }
    }
  }

  /**
   * Nothing to wonder about: the picture moves, or waits for the viewer. Paused
   * without anything ahead is no viewer's pause, but a player at its end.
   */
  #well(): boolean {
    if (this.blocked) return true;
    if (!this.ready) return false;
    if (this.#video.paused) return this.buffer() > LEFT_AT_END;
    return this.state === 'playing' && !this.stalled;
  }

  /** Does what the verdict asks for; false when the time so far shall not count against the player. */
  #act(status: StreamStatus, still: number): boolean {
    switch (verdict(status, still, this.ready)) {
      case 'wait':
        return true;
      case 'give up':
        this.#finish({ kind: 'failed', message: 'The picture stood still.' });
        return true;
      case 'gone':
        this.stalls.withdraw();
        this.#finish({ kind: 'again' });
        return true;
      case 'ended':
        this.stalls.withdraw();
        this.#finish({ kind: 'ended' });
        return true;
      case 'away':
        this.stalls.withdraw();
        this.#become('away');
        return false;
      case 'unreachable':
        this.#become('recovering', NO_ANSWER);
        return false;
    }
  }

  #listen(signal: AbortSignal): void {
    const on = (type: string, handle: () => void): void => {
      this.#video.addEventListener(type, handle, { signal });
    };
    for (const type of MEDIA_EVENTS) {
      on(type, () => {
        // What was missing may have come in before the event did: nobody saw that.
        if (type === 'waiting' && this.#flows()) return;
        this.#feed(type === 'pause' && this.#video.ended ? 'ended' : type);
      });
    }
    on('canplay', () => {
      if (!this.ready) this.play();
    });
    on('timeupdate', () => {
      this.#moved();
    });
    on('ended', () => {
      this.#finish({ kind: 'ended' });
    });
    on('error', () => {
      this.#mediaError();
    });
  }

  #feed(type: Moment['type']): void {
    const before = this.stalled;
    this.stalls.on({ type, at: performance.now(), position: this.#video.currentTime });
    if (before !== this.stalled) this.#changed();
  }

  #flows(): boolean {
    return this.#video.readyState >= HTMLMediaElement.HAVE_FUTURE_DATA;
  }

  #moved(): void {
    const { seeking, paused } = this.#video;
    if (!this.#flows() || seeking || paused || !this.player) return;
    this.ready = true;
    this.#become('playing');
  }

  // hls.js repairs what it can of these and reports the rest itself.
  #mediaError(): void {
    const { error } = this.#video;
    if (!error || !this.player || this.player.handlesMediaErrors) return;
    this.#report({ message: explainMedia(error), code: `media ${error.code}`, fatal: true });
  }

  #close(): void {
    this.player?.destroy();
    this.player = null;
    this.ready = false;
    this.blocked = false;
  }

  #become(state: SessionState, problem = ''): void {
    if (this.state === state && this.problem === problem) return;
    this.state = state;
    this.problem = problem;
    this.#changed();
  }

  #setBlocked(blocked: boolean): void {
    if (this.blocked === blocked) return;
    this.blocked = blocked;
    this.#changed();
  }
}
