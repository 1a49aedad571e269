import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { activateGateway, type ActivatedGateway } from './activation';
import { openBare, playBare, startBareSite, type Bare, type BareSite } from './bare';
import { launch } from './browser';
import { publishClock } from './clock-publisher';
import { listed } from './gateway';

// A show ends: who watches sees its last picture, and is told that it was that. Who comes then sees what
// there still is from its beginning.

const VIEWERS: [name: string, player: Bare, manifest: string][] = [
  ['hls.js', 'hls.js', 'index.m3u8'],
  ['hls.js 1.6.16', 'hls-1.6', 'index.m3u8'],
  ['shaka, HLS', 'shaka-player', 'index.m3u8'],
  ['shaka, DASH', 'shaka-player', 'll.mpd'],
  ['shaka, DASH, complete segments', 'shaka-player', 'index.mpd'],
  ['dash.js', 'dash.js', 'll.mpd'],
  ['dash.js, complete segments', 'dash.js', 'index.mpd'],
];

const AFTERWARDS = 20; // seconds in which each must have come to the end

let gateway: ActivatedGateway;
let browser: Browser;
let site: BareSite;
let watched: Seen[] = [];
let joined: Seen[] = [];

beforeAll(async () => {
  const settings = {
    SLUICE_STREAM_LINGER: '3s',
    SLUICE_SEGMENT_MAX: '4s',
    SLUICE_WINDOW_DURATION: '12s',
  };
  [gateway, browser, site] = await Promise.all([activateGateway(settings), launch(), startBareSite()]);
  const encoder = publishClock(`rtmp://${gateway.rtmp}/live/show`);
  await listed(`http://${gateway.http}/live/show/v0/index.m3u8`, 5);
  const pages = await come();
  await sleep(8);
  await encoder.stop();
  await sleep(AFTERWARDS);
  watched = await Promise.all(pages.map(see));
  await leave(pages);

  const late = await come();
  await Promise.all(late.map(plays));
  joined = await Promise.all(late.map(see));
  await leave(late);
}, 180_000);

afterAll(async () => {
  await Promise.all([browser.close(), site.stop()]);
  await gateway.stop();
});

const each = VIEWERS.map(([name], i) => ({ name, i }));

test.each(each)('$name comes to the end', ({ i }) => {
  expect(watched[i]).toMatchObject({ ended: true, errors: [] });
});

test.each(each)('$name plays what there is from its beginning', ({ i }) => {
  const { began, position, duration } = joined[i] ?? nothing;
  expect(began).toBeLessThan(1);
  expect(position).toBeGreaterThan(1);
  expect(duration).toBeGreaterThan(9);
  expect(duration).toBeLessThan(16);
});

/** What a viewer sees of the video element. */
interface Seen {
  began: number; // position at first, in seconds
  position: number; // seconds
  duration: number; // seconds
  ended: boolean;
  /** What the player could not get over. */
  errors: string[];
}

const nothing: Seen = { began: 0, position: 0, duration: 0, ended: false, errors: [] };

async function come(): Promise<Page[]> {
  const origin = `http://${gateway.http}`;
  const pages: Page[] = [];
  for (const [, player, manifest] of VIEWERS) {
    const { page } = await openBare(browser, site, player, origin);
    await playBare({ page }, player, `${origin}/live/show/${manifest}`);
    pages.push(page);
  }
  return pages;
}

async function leave(pages: Page[]): Promise<void> {
  await Promise.all(pages.map((page) => page.context().close()));
}

/** Waits until it plays; what a page shows of one that never does is for the tests. */
async function plays(page: Page): Promise<void> {
  const beyond = () => (document.querySelector('video')?.currentTime ?? 0) > 1;
  await page.waitForFunction(beyond, undefined, { timeout: 20_000 }).catch(() => undefined);
}

function see(page: Page): Promise<Seen> {
  return page.evaluate(() => {
    const video = document.querySelector('video');
    if (!video) throw new Error('there is no video');
    const { currentTime: position, duration, ended, played } = video;
    return {
      began: played.length > 0 ? played.start(0) : Infinity,
      position,
      duration,
      ended,
      errors: window.errors.filter((error) => error.includes('fatal')),
    };
  });
}

function sleep(seconds: number): Promise<void> {
  return new Promise((done) => setTimeout(done, 1000 * seconds));
}
