import type { Browser } from 'playwright-core';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { openBare, startBareSite, type BareSite } from './bare';
import { closePages, launch } from './browser';
import { listed, startGateway, type Gateway } from './gateway';

// Shaka Player, which goes fast by key frames alone where it is told of such: it asks for those, and for
// all of the video again when it goes on at normal speed.

interface TrickPlayer {
  attach(video: HTMLVideoElement): Promise<void>;
  load(manifest: string): Promise<void>;
  configure(key: string, value: number): void;
  seekRange(): { start: number; end: number };
  trickPlay(rate: number, byKeyFrames: boolean): void;
  cancelTrickPlay(): void;
  addEventListener(type: 'error', listener: (event: Event & { detail: { code: number } }) => void): void;
}

declare global {
  interface Window {
    trick: TrickPlayer;
  }
}

let gateway: Gateway;
let browser: Browser;
let site: BareSite;

beforeAll(async () => {
  [gateway, browser, site] = await Promise.all([startGateway(), launch(), startBareSite()]);
  gateway.publish('live/demo');
  await listed(`http://${gateway.http}/live/demo/v0/index.m3u8`, 9);
});

afterEach(() => closePages(browser));

afterAll(async () => {
  await Promise.all([browser.close(), site.stop()]);
  await gateway.stop();
});

/** How far it goes by key frames, in seconds. */
const WAY = 6;

test.each([
  ['DASH', 'index.mpd', (request: string) => /\/v0\/k\d+\.m4s$/.test(request)],
  ['HLS', 'index.m3u8', (request: string) => request.endsWith('/v0/iframes.m3u8')],
])('shaka, %s', async (_, manifest, ofKeys) => {
  const { page, requests, trouble } = await openBare(browser, site, 'shaka-player', `http://${gateway.http}`);
  await page.evaluate(async (url) => {
    const video = document.querySelector('video');
    const player = new window.shaka.Player() as unknown as TrickPlayer;
    window.trick = player;
    window.errors = [];
    player.addEventListener('error', ({ detail }) => window.errors.push(String(detail.code)));
    if (!video) return;
    player.configure('streaming.bufferingGoal', 2); // or it has all that there is before it goes fast
    await player.attach(video);
    await player.load(url);
    await new Promise((done) => {
      video.addEventListener('playing', done, { once: true });
    });
    video.currentTime = player.seekRange().start + 2;
    await new Promise((done) => {
      video.addEventListener('seeked', done, { once: true });
    });
  }, `http://${gateway.http}/live/demo/${manifest}`);
  const time = () => page.evaluate(() => document.querySelector('video')?.currentTime ?? 0);
  const past = (at: number) =>
    page.waitForFunction((t) => (document.querySelector('video')?.currentTime ?? 0) > t, at, {
      timeout: 20_000,
    });
  const start = await time();
  await past(start + 0.5);
  expect(requests.filter(ofKeys)).toEqual([]);

  await page.evaluate(() => {
    window.trick.trickPlay(4, true);
  });
  await past(start + WAY);
  expect(requests.filter(ofKeys).length).toBeGreaterThan(0);

  const before = requests.length;
  await page.evaluate(() => {
    window.trick.cancelTrickPlay();
  });
  const normal = await time();
  await past(normal + 3);
  expect(requests.slice(before).some((request) => /\/v0\/p?\d+\.m4s$/.test(request))).toBe(true);
  expect(await page.evaluate(() => window.errors)).toEqual([]);
  expect(trouble).toEqual([]);
});
