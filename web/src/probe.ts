import type { Screen } from './screen';

/** What one screen does at this moment, for tests and the curious. */
export interface ScreenProbe {
  readonly player: string;
  readonly latencyMode: string;
  readonly state: string;
  /** Media time, seconds. */
  readonly currentTime: number;
  /** Seconds from the server's input to the screen. */
  readonly latency: number | null;
  /** Seconds. */
  readonly buffer: number;
  readonly playbackRate: number;
  readonly stalls: number;
  readonly stalledSeconds: number;
  readonly errors: readonly string[];
  readonly decodedFrames: number;
  readonly droppedFrames: number;
  /** True once the present player has shown a moving picture. */
  readonly ready: boolean;
}

declare global {
  interface Window {
    /** The first screen, and all of them. */
    readonly sluice?: ScreenProbe & { readonly screens: readonly ScreenProbe[] };
  }
}

/** Makes the screens readable as window.sluice; each reading is a new snapshot. */
export function expose(screens: () => readonly Screen[]): void {
  Object.defineProperty(window, 'sluice', {
    get: () => {
      const probes = screens().map(probe);
      return Object.freeze({ ...probes[0], screens: Object.freeze(probes) });
    },
  });
}

function probe(screen: Screen): ScreenProbe {
  const { session, video } = screen;
  const quality = video.getVideoPlaybackQuality();
  return Object.freeze({
    player: session.engine,
    latencyMode: session.latency,
    state: session.state,
    currentTime: video.currentTime,
    latency: screen.latency(),
    buffer: session.buffer(),
    playbackRate: video.playbackRate,
    stalls: session.stalls.count,
    stalledSeconds: session.stalls.total(performance.now()) / 1000,
    errors: Object.freeze([...session.errors]),
    decodedFrames: quality.totalVideoFrames,
    droppedFrames: quality.droppedVideoFrames,
    ready: session.ready,
  });
}
