/** What the page asks of a player, whichever it is. */

/** hls: hls.js on CMAF; ts: hls.js on MPEG-TS; dash: dash.js. */
export type Engine = 'hls' | 'dash' | 'ts';

export const ENGINES: readonly Engine[] = ['hls', 'dash', 'ts'];

/** low: as near to the live edge as the player can hold; normal: some segments behind it. */
export type Latency = 'low' | 'normal';

const MANIFESTS: Record<Engine, Record<Latency, string>> = {
  hls: { low: 'index.m3u8', normal: 'index.m3u8' }, // the player itself leaves the parts alone
  dash: { low: 'll.mpd', normal: 'index.mpd' },
  ts: { low: 'ts.m3u8', normal: 'ts.m3u8' }, // segments of MPEG-TS have no parts
};

/** The manifest of an engine, relative to the player page. */
export function manifestOf(engine: Engine, latency: Latency): string {
  return MANIFESTS[engine][latency];
}

/** What a player loads at a time, and how long that is in seconds. */
export interface Piece {
  kind: 'part' | 'growing segment' | 'segment';
  seconds: number;
}

export interface Player {
  /** Who plays, in words: `hls.js 1.7.4`. */
  readonly label: string;
  /** Whether the player reports what goes wrong in the media element itself. */
  readonly handlesMediaErrors: boolean;
  /** Epoch milliseconds of the frame on screen, from the stream's own time; null while unknown. */
  frameTime(): number | null;
  /** The latency that the player tries to keep, in seconds; null while unknown. */
  targetLatency(): number | null;
  /** What it loads at a time; null while unknown. */
  piece(): Piece | null;
  /** RFC 6381 names of what is playing. */
  codecs(): string[];
  /** Frames a second as declared; null when nothing says. */
  frameRate(): number | null;
  /** Seconds from the picture to where the player wants to be; negative when it is ahead, NaN while unknown. */
  behind(): number;
  /** Jumps to where the player wants to be in a live stream. */
  goLive(): void;
  /** Lets go of the element and of every request. */
  destroy(): void;
}

/** What a player tells the page. */
export interface PlayerEvents {
  /** Something went wrong. After a fatal error the player is of no more use. */
  error(error: PlayerError): void;
  /** A fragment came in: `track` is any name, the same for fragments of one track. */
  fragment(track: string, bytes: number, seconds: number): void;
}

export interface PlayerError {
  /** For people. */
  message: string;
  /** The player's own name for it. */
  code: string;
  fatal: boolean;
}

/** What to play, and how near to the live edge. */
export interface Source {
  engine: Engine;
  /** Its address, relative to the page. */
  manifest: string;
  latency: Latency;
}

/** Starts playing in an element. */
export type OpenPlayer = (video: HTMLVideoElement, source: Source, events: PlayerEvents) => Player;
