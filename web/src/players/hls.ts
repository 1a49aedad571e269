import Hls, { ErrorTypes, Events, type ErrorData } from 'hls.js';
import workerPath from 'hls.js/dist/hls.worker.js?url';
import type { OpenPlayer, Player, PlayerEvents } from './player';
import { explainHls } from './explain';

const RECOVERIES = 2; // of the media element, before the player is given up
const RECOVERY_WINDOW = 30_000; // ms after which they are forgotten

/** hls.js on MediaSource or ManagedMediaSource: CMAF and MPEG-TS alike. */
export const openHls: OpenPlayer = (video, manifest, events): Player => {
  const hls = new Hls({
    workerPath,
    backBufferLength: 30,
    liveDurationInfinity: true,
  });
  const codecs = new Map<string, string>();

  hls.on(Events.BUFFER_CODECS, (_, tracks) => {
    codecs.clear();
    for (const [type, track] of Object.entries(tracks.tracks ?? tracks)) {
      if (track.codec) codecs.set(type, track.codec);
    }
  });
  hls.on(Events.FRAG_LOADED, (_, { frag }) => {
    events.fragment(frag.type, frag.stats.total, frag.duration);
  });
  hls.on(Events.ERROR, errorHandler(hls, events));
  hls.loadSource(manifest);
  hls.attachMedia(video);

  const level = () => hls.levels[hls.currentLevel];
  return {
    label: `hls.js ${Hls.version}`,
    handlesMediaErrors: true,
    frameTime: () => hls.playingDate?.getTime() ?? null,
    targetLatency: () => hls.targetLatency,
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
