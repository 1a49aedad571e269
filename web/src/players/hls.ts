import Hls, { ErrorTypes, Events, XhrLoader, type ErrorData, type PlaylistLoaderContext } from 'hls.js';
import workerPath from 'hls.js/dist/hls.worker.js?url';
import type { OpenPlayer, Piece, Player, PlayerEvents } from './player';
import { bufferAhead, bufferedRanges } from '../latency';
import { explainHls } from './explain';

const CATCH_UP = 1.05; // the playback rate that makes up for a slow start or a stall
const LEFT_AFTER_JUMP = 0.5; // seconds
const RECOVERIES = 2; // of the media element, before the player is given up
const RECOVERY_WINDOW = 30_000; // ms after which they are forgotten

/**
 * Loads playlists with hls.js's own time limits. For those that it asks to be held it takes 0.8 of a segment's
 * length instead. Some segments behind the live edge it waits for whole ones, so an encoder that falters would
 * run into that.
 */
class PatientLoader extends XhrLoader {
  declare context: PlaylistLoaderContext | null;

  override load(...[context, config, callbacks]: Parameters<XhrLoader['load']>): void {
    const { default: loadPolicy } = Hls.DefaultConfig.playlistLoadPolicy;
    super.load(context, { ...config, loadPolicy }, callbacks);
  }
}

/** hls.js on MediaSource or ManagedMediaSource: CMAF and MPEG-TS alike. */
export const openHls: OpenPlayer = (video, { engine, manifest, latency }, events): Player => {
  const hls = new Hls({
    workerPath,
    enableWorker: engine === 'ts', // CMAF is passed on as it is: to start a worker would take longer
    backBufferLength: 30,
    liveDurationInfinity: true,
    lowLatencyMode: latency === 'low',
    maxLiveSyncPlaybackRate: CATCH_UP,
    errorPenaltyExpireMs: 10_000, // a quality whose encoder had gone may be back
    ...(latency === 'normal' && { pLoader: PatientLoader }),
  });
  const codecs = new Map<string, string>();

  hls.on(Events.BUFFER_CODECS, (_, tracks) => {
    codecs.clear();
    for (const [type, track] of Object.entries(tracks.tracks ?? tracks)) {
      if (track.codec) codecs.set(type, track.codec);
    }
  });
  hls.on(Events.FRAG_LOADED, (_, { frag, part }) => {
    const { stats, duration } = part ?? frag;
    events.fragment(frag.type, stats.total, duration);
  });
  if (latency === 'low') {
    hls.on(Events.LEVEL_UPDATED, () => {
      comeNear(hls, video);
    });
  }
  hls.on(Events.ERROR, errorHandler(hls, events));
  hls.loadSource(manifest);
  hls.attachMedia(video);

  const level = () => hls.levels[hls.currentLevel];
  return {
    label: `hls.js ${Hls.version}`,
    handlesMediaErrors: true,
    frameTime: () => hls.playingDate?.getTime() ?? null,
    targetLatency: () => hls.targetLatency,
    piece: () => piece(hls),
    codecs: () => level()?.attrs.CODECS?.split(',') ?? [...codecs.values()],
    frameRate: () => level()?.frameRate ?? null,
    behind: () => hls.latency - (hls.targetLatency ?? NaN),
    goLive: () => {
      if (hls.liveSyncPosition !== null) video.currentTime = hls.liveSyncPosition;
    },
    destroy: () => {
      hls.destroy();
    },
  };
};

function piece(hls: Hls): Piece | null {
  const details = hls.latestLevelDetails;
  if (!details) return null;
  return hls.lowLatencyMode && details.partTarget
    ? { kind: 'part', seconds: details.partTarget }
    : { kind: 'segment', seconds: details.targetduration };
}

// hls.js catches up only while it is within a target duration of its place; further back it takes
// the viewer for one who went there. A slow start leads there, too: then the picture jumps, if what
// it jumps to is in the buffer.
function comeNear(hls: Hls, video: HTMLVideoElement): void {
  const { liveSyncPosition, latestLevelDetails } = hls;
  if (liveSyncPosition === null || !latestLevelDetails || video.paused || video.seeking) return;
  const behind = liveSyncPosition - video.currentTime;
  const left = bufferAhead(bufferedRanges(video.buffered), video.currentTime) - behind;
  if (behind > latestLevelDetails.targetduration && left > LEFT_AFTER_JUMP) {
    video.currentTime = liveSyncPosition;
  }
}

function errorHandler(hls: Hls, events: PlayerEvents): (event: string, data: ErrorData) => void {
  let recoveries: number[] = [];
  return (_, data) => {
    let fatal = data.fatal;
    if (fatal && data.type === ErrorTypes.MEDIA_ERROR) {
      const now = performance.now();
      recoveries = recoveries.filter((at) => now - at < RECOVERY_WINDOW);
      if (recoveries.length < RECOVERIES) {
        recoveries.push(now);
        fatal = false;
        hls.recoverMediaError();
      }
    }
    events.error({ message: explainHls(data.details), code: `hls.js ${data.details}`, fatal });
  };
}
