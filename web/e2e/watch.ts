import type { Page } from 'playwright-core';
import { BOX, BOXES, readClock } from './clock-picture';

/** What was seen of a page that plays a picture of the clock. */
export interface Watch {
  samples: Sample[];
  /** Stalls after start-up: when, in seconds since the first picture, and how many milliseconds were lost. */
  stalls: { at: number; lost: number }[];
}

/** All in seconds. */
export interface Sample {
  /** Since the first picture. */
  at: number;
  /** By the clock in the picture: how long ago it was drawn; null while it cannot be read. */
  picture: number | null;
  /** By the page's own read-out; null on pages that have none. */
  readOut: number | null;
  rate: number;
  buffer: number;
}

interface Reading {
  now: number;
  at: number;
  boxes: number[];
  readOut: number | null;
  rate: number;
  buffer: number;
}

const START_UP = 3; // seconds from the first picture in which a stall is none
const STALL = 150; // milliseconds lost at once: nobody sees less

/** Waits for the first picture of the first video element of a page. */
export async function firstPicture(page: Page): Promise<void> {
  await page.waitForFunction(() => {
    const video = document.querySelector('video');
    return video !== null && video.currentTime > 0 && video.readyState >= 2;
  });
}

/** Watches the first video element of a page for so many seconds from now on, when its first picture has come. */
export async function watch(page: Page, seconds: number): Promise<Watch> {
  const { readings, stalls } = await page.evaluate(observe, {
    seconds,
    startUp: START_UP,
    stall: STALL,
    box: BOX,
    boxes: BOXES,
  });
  const samples = readings.map(({ now, boxes, ...rest }) => {
    const shown = readClock(boxes, now);
    return { ...rest, picture: shown === null ? null : (now - shown) / 1000 };
  });
  return { samples, stalls };
}

// Runs in the page.
async function observe(asked: {
  seconds: number;
  startUp: number;
  stall: number;
  box: number;
  boxes: number;
}): Promise<{ readings: Reading[]; stalls: Watch['stalls'] }> {
  const video = document.querySelector('video');
  const canvas = new OffscreenCanvas(asked.box * asked.boxes, asked.box);
  const pen = canvas.getContext('2d', { willReadFrequently: true });
  if (!video || !pen) throw new Error('there is nothing to watch');
  const pause = (ms: number) => new Promise((done) => setTimeout(done, ms));
  const look = (at: number): Reading => {
    pen.drawImage(video, 0, 0);
    const now = performance.timeOrigin + performance.now();
    const row = pen.getImageData(0, asked.box / 2, canvas.width, 1).data;
    const boxes = Array.from(
      { length: asked.boxes },
      (_, box) => row[4 * (box * asked.box + asked.box / 2) + 1] ?? 0,
    );
    const { buffered, currentTime, playbackRate } = video;
    const end = buffered.length > 0 ? buffered.end(buffered.length - 1) : currentTime;
    const readOut = window.sluice?.latency ?? null;
    return { now, at, boxes, readOut, rate: playbackRate, buffer: end - currentTime };
  };

  const began = performance.now();
  const readings: Reading[] = [];
  const stalls: Watch['stalls'] = [];
  let position = video.currentTime;
  let moved = began;
  for (;;) {
    await pause(25);
    const now = performance.now();
    const at = (now - began) / 1000;
    if (at >= asked.seconds) return { readings, stalls };
    if (video.currentTime !== position) {
      const lost = now - moved - 1000 * (video.currentTime - position);
      if (lost > asked.stall && at > asked.startUp)
        stalls.push({ at: Math.round(at * 10) / 10, lost: Math.round(lost) });
      position = video.currentTime;
      moved = now;
    }
    if (at >= readings.length / 4) readings.push(look(at));
  }
}
