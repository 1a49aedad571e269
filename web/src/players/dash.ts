import { MediaPlayer, type ManifestLoadedEvent, type MediaPlayerClass, type MediaType } from 'dashjs';
import { wallClock } from '../latency';
import { explainDash } from './explain';
import type { OpenPlayer, Piece, Player, PlayerEvents } from './player';

/** dash.js on either MPD. */
export const openDash: OpenPlayer = (video, { manifest, latency }, events): Player => {
  const player = MediaPlayer().create();
  // eslint-disable-next-line @typescript-eslint/no-unsafe-class-instance-assignment -- its typings ask for a class
  player.updateSettings({
    // eslint-disable-next-line @typescript-eslint/no-unsafe-enum-assignment -- see ERRORS_ONLY
    debug: { logLevel: ERRORS_ONLY },
    streaming: {
      liveCatchup: { enabled: true, ...(latency === 'normal' && CATCH_UP) },
      utcSynchronization: { defaultTimingSource: TIMING }, // dash.js would ask a host of its own
      retryAttempts: { MPD: 20, MediaSegment: 5 },
      lastBitrateCachingInfo: { enabled: false },
      lastMediaSettingsCachingInfo: { enabled: false },
    },
  });
  player.initialize(undefined, undefined, true);
  player.clearDefaultUTCTimingSources();
  player.addUTCTimingSource(TIMING.scheme, TIMING.value);

  let zero = 0; // epoch milliseconds of media time zero
  player.on('manifestLoaded', (event: ManifestLoadedEvent) => {
    zero = availabilityStart(event.data);
  });
  forward(player, events);
  player.attachView(video);
  player.attachSource(manifest);

  return {
    label: `dash.js ${player.getVersion()}`,
    handlesMediaErrors: false,
    frameTime: () => (video.readyState >= 2 ? wallClock(video.currentTime, zero) : null),
    targetLatency: () => player.getTargetLiveDelay() || null,
    piece: () => piece(player),
    codecs: () => representations(player).flatMap((r) => r.codecs?.split(',') ?? []),
    frameRate: () => representations(player)[0]?.frameRate ?? null,
    behind: () => (player.isReady() ? player.getCurrentLiveLatency() - player.getTargetLiveDelay() : NaN),
    goLive: () => {
      player.seekToOriginalLive();
    },
    destroy: () => {
      player.destroy();
    },
  };
};

const ERRORS_ONLY = 2; // its enum of log levels has no value at run time

// The ordinary MPD does not say how fast to catch up, and to jump there would
// surprise a viewer who went back. The low-latency one says both.
const CATCH_UP = { playbackRate: { min: -0.04, max: 0.04 }, maxDrift: 0 };

const TIMING = { scheme: 'urn:mpeg:dash:utc:http-xsdate:2014', value: 'time' };

// After these dash.js does not go on by itself: no manifest, nothing to play,
// a codec or a MediaSource that the browser does not have.
const FATAL = new Set([10, 11, 23, 25, 28, 31, 32, 34, 35]);

/** The event of a finished fragment, of which the typings know less than dash.js gives. */
interface FragmentLoaded {
  request: { mediaType: string; type: string | null; duration: number; bytesLoaded: number };
}

function forward(player: MediaPlayerClass, events: PlayerEvents): void {
  player.on('error', (event: { error?: unknown }) => {
    const { error } = event;
    if (typeof error !== 'object' || error === null || !('code' in error)) return;
    const code = Number(error.code);
    events.error({ message: explainDash(code), code: `dash.js ${code}`, fatal: FATAL.has(code) });
  });
  player.on('fragmentLoadingCompleted', (event: unknown) => {
    const { request } = event as FragmentLoaded;
    if (request.type === 'MediaSegment') {
      events.fragment(request.mediaType, request.bytesLoaded, request.duration);
    }
  });
}

function representations(player: MediaPlayerClass) {
  const types: MediaType[] = ['video', 'audio'];
  if (!player.isReady() || !player.getActiveStream()) return [];
  return types.map((type) => player.getCurrentRepresentationForType(type)).filter((r) => r !== null);
}

function piece(player: MediaPlayerClass): Piece | null {
  const representation = representations(player)[0];
  if (!representation) return null;
  const { availabilityTimeComplete, segmentDuration } = representation;
  return { kind: availabilityTimeComplete ? 'segment' : 'growing segment', seconds: segmentDuration };
}

// Presentation time counts from MPD@availabilityStartTime, which is the epoch
// itself when the media timeline is locked to it.
function availabilityStart(manifest: object): number {
  const start = (manifest as { availabilityStartTime?: unknown }).availabilityStartTime;
  return start instanceof Date ? start.getTime() : 0;
}
