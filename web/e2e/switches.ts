import type { Page } from 'playwright-core';
import { BOX, BOXES, readClock, WIDTH } from './clock-picture';

/** What was seen of a page that plays a ladder; times are in seconds since it was first looked at. */
export interface Seen {
  pictures: Picture[];
  /** When the video stood still, and for how many milliseconds. */
  stalls: { at: number; lost: number }[];
  /** When the player jumped. */
  seeks: number[];
  /** When the position was an earlier one than before. */
  returns: number[];
  /** What the player reported. */
  errors: string[];
}

export interface Picture {
  at: number;
  /** Its time on the player's timeline, by which it is shown. */
  media: number;
  height: number;
  /** The brightness of its boxes. */
  boxes: number[];
}

const START_UP = 3; // seconds in which a stall is none, nor a seek
const STALL = 150; // milliseconds lost at once: nobody sees less
const FREEZE = 300; // milliseconds: a machine that is busy leaves some pictures out

declare global {
  interface Window {
    switches?: Seen;
  }
}

/** Looks at each picture of the first video element from now on. */
export function lookAtPictures(page: Page): Promise<void> {
  return page.evaluate(observe, { startUp: START_UP, stall: STALL, box: BOX, boxes: BOXES, width: WIDTH });
}

/** What was seen so far. */
export function seenOf(page: Page): Promise<Seen> {
  return page.evaluate(() => {
    if (!window.switches) throw new Error('nobody looks');
    return { ...window.switches, errors: window.errors };
  });
}

/**
 * How far the clock in each picture is from where the first one's has it, in milliseconds; null where it cannot be
 * read. The clock begins anew after a time.
 */
export function deviations(pictures: Picture[], round: number): (number | null)[] {
  let first: number | undefined;
  return pictures.map(({ media, boxes }) => {
    const shown = readClock(boxes, 0);
    if (shown === null) return null;
    const ahead = 1000 * media - shown;
    first ??= ahead;
    const turns = (ahead - first) / round;
    return Math.round(round * (turns - Math.round(turns)));
  });
}

/**
 * When the picture stood still and position and sound went on, and for how many milliseconds. Chromium plays on for
 * three seconds when it has sound and no pictures.
 */
export function freezes(pictures: Picture[]): { at: number; lost: number }[] {
  return pictures.flatMap(({ at, media }, i) => {
    const lost = Math.round(1000 * (media - (pictures[i - 1]?.media ?? media)));
    return at > START_UP && lost > FREEZE ? [{ at, lost }] : [];
  });
}

// Runs in the page.
function observe(asked: { startUp: number; stall: number; box: number; boxes: number; width: number }): void {
  const video = document.querySelector('video');
  const { box, boxes, width } = asked;
  const canvas = new OffscreenCanvas(width, box);
  const pen = canvas.getContext('2d', { willReadFrequently: true });
  if (!video || !pen) throw new Error('there is nothing to look at');
  const seen: Seen = { pictures: [], stalls: [], seeks: [], returns: [], errors: [] };
  window.switches = seen;
  const began = performance.now();
  const since = () => Math.round(performance.now() - began) / 1000;

  const look: VideoFrameRequestCallback = (_, { mediaTime: media }) => {
    pen.drawImage(video, 0, 0, width, (width * video.videoHeight) / video.videoWidth);
    const row = pen.getImageData(0, box / 2, width, 1).data;
    const luma = Array.from({ length: boxes }, (_, i) => row[4 * (i * box + box / 2) + 1] ?? 0);
    seen.pictures.push({ at: since(), media, height: video.videoHeight, boxes: luma });
    video.requestVideoFrameCallback(look);
  };
  video.requestVideoFrameCallback(look);

  video.addEventListener('seeking', () => {
    if (since() > asked.startUp) seen.seeks.push(since());
  });
  let position = video.currentTime;
  let moved = began;
  setInterval(() => {
    if (video.currentTime === position) return;
    const now = performance.now();
    const lost = now - moved - 1000 * (video.currentTime - position);
    if (since() > asked.startUp) {
      if (lost > asked.stall) seen.stalls.push({ at: since(), lost: Math.round(lost) });
      if (video.currentTime < position) seen.returns.push(since());
    }
    position = video.currentTime;
    moved = now;
  }, 25);
}
