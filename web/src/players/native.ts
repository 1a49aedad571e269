import { wallClock } from '../latency';
import type { OpenPlayer, Player } from './player';

interface WithStartDate {
  /** The wall clock of media time zero, from PROGRAM-DATE-TIME (Safari). */
  getStartDate?: () => Date;
}

/** HLS by the browser itself, for those that have no MediaSource. */
export const openNative: OpenPlayer = (video, { manifest }): Player => {
  video.src = manifest;
  video.load();
  const zero = () => (video as WithStartDate).getStartDate?.().getTime() ?? NaN;
  const edge = () => {
    const { seekable } = video;
    return seekable.length > 0 ? seekable.end(seekable.length - 1) : null;
  };
  return {
    label: 'Built-in HLS player',
    handlesMediaErrors: false,
    frameTime: () => (Number.isNaN(zero()) ? null : wallClock(video.currentTime, zero())),
    targetLatency: () => null,
    piece: () => null,
    codecs: () => [],
    frameRate: () => null,
    behind: () => NaN,
    goLive: () => {
      video.currentTime = edge() ?? video.currentTime;
    },
    destroy: () => {
      video.removeAttribute('src');
      video.load();
    },
  };
};
