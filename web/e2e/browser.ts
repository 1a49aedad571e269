import { chromium, type Browser, type Page } from 'playwright-core';

const ARGS = [
  '--headless',
  '--no-sandbox',
  '--disable-gpu',
  '--disable-background-networking',
  '--disable-component-update',
  '--no-first-run',
  '--autoplay-policy=no-user-gesture-required',
];

/** Starts Chromium with a new profile. */
export function launch(): Promise<Browser> {
  return chromium.launch({ executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium', args: ARGS });
}

/** A page, and everything that went wrong on it or left its origin. */
export interface WatchedPage {
  page: Page;
  /** Errors of the console and of scripts, answers from 400 on, requests to another host. */
  trouble: string[];
  /** The URLs that it asked for. */
  requests: string[];
}

/** Opens a page in a context of its own and keeps an eye on it; it may ask its own origin and one more. */
export async function open(browser: Browser, url: string, other = ''): Promise<WatchedPage> {
  const context = await browser.newContext({ viewport: { width: 1280, height: 900 } });
  const page = await context.newPage();
  const trouble: string[] = [];
  const requests: string[] = [];
  page.on('console', (message) => {
    if (message.type() === 'error') trouble.push(`console: ${message.text()}`);
  });
  page.on('pageerror', (error) => trouble.push(`script: ${error.message}`));
  page.on('response', (response) => {
    if (response.status() >= 400) trouble.push(`${response.status()} ${response.url()}`);
  });
  page.on('request', (request) => {
    requests.push(request.url());
    const { origin, protocol } = new URL(request.url());
    if (![new URL(url).origin, other].includes(origin) && protocol !== 'blob:') {
      trouble.push(`foreign: ${request.url()}`);
    }
  });
  await page.goto(url);
  return { page, trouble, requests };
}

/** Closes every page, also those of a test that failed: what plays on would disturb the next one. */
export async function closePages(browser: Browser): Promise<void> {
  await Promise.all(browser.contexts().map((context) => context.close()));
}

/** Waits until the first screen of a player page is in one of the states given. */
export async function reach(page: Page, states: string[], limit = 60_000): Promise<void> {
  await page.waitForFunction((wanted) => wanted.includes(window.sluice?.state ?? ''), states, {
    timeout: limit,
  });
}

/** Waits until each screen has played for a second, so that from now on a stall would count. */
export async function playing(page: Page, limit = 60_000): Promise<void> {
  await page.waitForFunction(() => window.sluice?.screens.every((screen) => screen.ready), null, {
    timeout: limit,
  });
  await play(page, 1);
}

/** What a stretch of playback was like. */
export interface Stretch {
  /** Seconds that passed while the picture moved on by as many seconds as were asked for. */
  wall: number;
  media: number;
  frames: number;
}

/** Watches the first screen until it has played so many seconds of media. */
export async function play(page: Page, seconds: number): Promise<Stretch> {
  return page.evaluate(async (asked) => {
    const read = () => {
      if (!window.sluice) throw new Error('this is not the player page');
      const { currentTime, decodedFrames } = window.sluice;
      return { currentTime, decodedFrames, at: performance.now() };
    };
    const from = read();
    for (;;) {
      await new Promise((done) => setTimeout(done, 50));
      const now = read();
      if (now.at - from.at > 1000 * (asked * 3 + 10)) throw new Error(`stuck at ${now.currentTime}`);
      if (now.currentTime - from.currentTime < asked) continue;
      return {
        wall: (now.at - from.at) / 1000,
        media: now.currentTime - from.currentTime,
        frames: now.decodedFrames - from.decodedFrames,
      };
    }
  }, seconds);
}

/** The brightness of the picture (0 to 255): its mean, and how much it varies from place to place. */
export async function brightness(page: Page): Promise<{ mean: number; deviation: number }> {
  return page.evaluate(() => {
    const video = document.querySelector('video');
    const canvas = new OffscreenCanvas(64, 36);
    const pen = canvas.getContext('2d', { willReadFrequently: true });
    if (!video || !pen) throw new Error('no picture to look at');
    pen.drawImage(video, 0, 0, 64, 36);
    const { data } = pen.getImageData(0, 0, 64, 36);
    const values = Array.from({ length: data.length / 4 }, (_, i) => {
      const [r = 0, g = 0, b = 0] = data.subarray(4 * i, 4 * i + 3);
      return 0.299 * r + 0.587 * g + 0.114 * b;
    });
    const mean = values.reduce((sum, v) => sum + v, 0) / values.length;
    const variance = values.reduce((sum, v) => sum + (v - mean) ** 2, 0) / values.length;
    return { mean, deviation: Math.sqrt(variance) };
  });
}
