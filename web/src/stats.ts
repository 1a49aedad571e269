import { one, setText } from './dom';
import {
  formatBitrate,
  formatCodec,
  formatCount,
  formatPicture,
  formatPiece,
  formatRate,
  formatSeconds,
  isAudioCodec,
  UNKNOWN,
} from './format';
import { Series } from './series';
import type { Session } from './session';

const HISTORY = 61; // samples in a line, one a second

/** The figures of one screen at one moment. */
export interface Figures {
  latency: number | null;
  buffer: number;
}

/** The panel of figures beside one picture. */
export class StatsPanel {
  readonly #root: HTMLElement;
  readonly #latency = new Series(HISTORY);
  readonly #buffer = new Series(HISTORY);
  #sampledAt = -Infinity;

  constructor(root: HTMLElement) {
    this.#root = root;
  }

  show(session: Session, video: HTMLVideoElement, figures: Figures): void {
    const { player } = session;
    const target = player?.targetLatency() ?? null;
    this.#set('latency', formatSeconds(figures.latency));
    this.#set('target', target === null ? 'behind the encoder' : `target ${formatSeconds(target)}`);
    this.#set('buffer', player ? formatSeconds(figures.buffer) : UNKNOWN);
    this.#set('pieces', formatPiece(player?.piece() ?? null));
    this.#set('rate', player ? formatRate(video.playbackRate) : UNKNOWN);
    this.#set('picture', picture(session, video));
    const names = player?.codecs() ?? [];
    this.#set('video', codecs(names.filter((name) => !isAudioCodec(name))));
    this.#set('audio', codecs(names.filter(isAudioCodec)));
    this.#set('bitrate', formatBitrate(session.bitrate.value));
    this.#set('stalls', stalls(session));
    this.#set('frames', frames(video.getVideoPlaybackQuality()));
    this.#set('player', player?.label ?? UNKNOWN);
    this.#sample(figures, player !== null);
  }

  #sample(figures: Figures, playing: boolean): void {
    const now = performance.now();
    if (now - this.#sampledAt < 950) return;
    this.#sampledAt = now;
    this.#latency.push(figures.latency);
    this.#buffer.push(playing ? figures.buffer : null);
    this.#line('latency', this.#latency);
    this.#line('buffer', this.#buffer);
  }

  #line(name: string, series: Series): void {
    one(this.#root, `[data-${name}-line]`, SVGPathElement).setAttribute('d', series.path(120, 28, 4));
  }

  #set(name: string, text: string): void {
    setText(one(this.#root, `[data-${name}]`, HTMLElement), text);
  }
}

function picture(session: Session, video: HTMLVideoElement): string {
  if (session.player && session.ready && video.videoWidth === 0) return 'Sound only';
  return formatPicture(video.videoWidth, video.videoHeight, session.player?.frameRate() ?? null);
}

function codecs(names: string[]): string {
  return names.map(formatCodec).join(', ') || UNKNOWN;
}

function stalls(session: Session): string {
  const { count, started } = session.stalls;
  if (!started) return UNKNOWN;
  if (count === 0) return 'None';
  return `${count}, ${formatSeconds(session.stalls.total(performance.now()) / 1000)} in all`;
}

function frames(quality: VideoPlaybackQuality): string {
  if (quality.totalVideoFrames === 0) return UNKNOWN;
  const dropped = quality.droppedVideoFrames === 0 ? 'none' : formatCount(quality.droppedVideoFrames);
  return `${formatCount(quality.totalVideoFrames)}, ${dropped} dropped`;
}
