import type { Browser, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { brightness, closePages, launch, open, play, playing } from './browser';
import { available, listed, startGateway, type Gateway, type Program } from './gateway';

const SECONDS = 10;

let gateway: Gateway;
let browser: Browser;
let encoder: Program;
let url: string;

beforeAll(async () => {
  [gateway, browser] = await Promise.all([startGateway(), launch()]);
  encoder = gateway.publish('live/demo');
  url = `http://${gateway.http}/live/demo/`;
  await listed(`${url}v0/index.m3u8`, 5);
  await Promise.all(['index.m3u8', 'ts.m3u8', 'index.mpd', 'll.mpd'].map((name) => available(url + name)));
});

afterEach(() => closePages(browser));

afterAll(async () => {
  await browser.close();
  await gateway.stop();
});

describe.each([
  { player: 'hls', latency: 'low', asks: /\/p\d+\.m4s$/, loads: /hls/, spares: /dash/, within: [0.3, 4] },
  { player: 'hls', latency: 'normal', asks: /\/\d+\.m4s$/, loads: /hls/, spares: /dash/, within: [3, 15] },
  { player: 'dash', latency: 'low', asks: /\/n\d+\.m4s$/, loads: /dash/, spares: /hls/, within: [0.3, 4] },
  { player: 'dash', latency: 'normal', asks: /\/\d+\.m4s$/, loads: /dash/, spares: /hls/, within: [3, 15] },
  { player: 'ts', latency: 'normal', asks: /\.ts$/, loads: /hls/, spares: /dash/, within: [3, 15] },
] as const)(
  '$player, latency $latency',
  ({ player, latency, asks, loads, spares, within: [least, most] }) => {
    // What else runs on the machine makes players stall: whoever did is watched again.
    test(`plays ${SECONDS} s without a stall`, { retry: 1 }, async () => {
      const { page, trouble, requests } = await open(browser, `${url}?player=${player}&latency=${latency}`);
      await playing(page);
      const stretch = await play(page, SECONDS);

      const probe = await page.evaluate(() => window.sluice);
      expect(probe).toMatchObject({ player, latencyMode: latency, state: 'playing', stalls: 0, errors: [] });
      expect(stretch.media / stretch.wall).toBeGreaterThan(0.95);
      expect(stretch.frames).toBeGreaterThan(SECONDS * 20);
      expect(probe?.latency).toBeGreaterThan(least);
      expect(probe?.latency).toBeLessThan(most);

      const picture = await brightness(page);
      expect(picture.mean).toBeGreaterThan(10);
      expect(picture.deviation).toBeGreaterThan(5);

      const media = requests.filter((request) => /\.(m4s|ts)$/.test(request));
      expect(media.filter((request) => !asks.test(request))).toEqual([]);
      expect(media.length).toBeGreaterThan(4);
      expect(await figure(page, 'bitrate')).toMatch(/b\/s$/);
      const scripts = requests.filter((request) => request.endsWith('.js'));
      expect(scripts.some((script) => loads.test(script))).toBe(true);
      expect(scripts.some((script) => spares.test(script))).toBe(false);
      expect(trouble).toEqual([]);
    });
  },
);

test('plays HLS and DASH side by side, and switches', async () => {
  const { page, trouble } = await open(browser, `${url}?player=both`);
  await playing(page);
  const players = await page.evaluate(() => window.sluice?.screens.map((screen) => screen.player));
  expect(players).toEqual(['hls', 'dash']);

  await page.getByRole('radio', { name: 'HLS on TS' }).check();
  await page.waitForFunction(() => window.sluice?.player === 'ts');
  await playing(page);
  expect(await page.evaluate(() => window.sluice?.screens.length)).toBe(1);
  expect(page.url()).toContain('player=ts');

  await page.reload();
  await playing(page);
  expect(await page.evaluate(() => window.sluice?.player)).toBe('ts');
  expect(trouble).toEqual([]);
});

test('switches between low and normal latency, and remembers', async () => {
  const { page, trouble, requests } = await open(browser, `${url}?player=dash`);
  const low = page.getByRole('switch', { name: 'Low latency' });
  await playing(page);
  expect(await low.isChecked()).toBe(true);
  expect(requests).toContain(`${url}ll.mpd`);
  expect(requests).not.toContain(`${url}index.mpd`);

  await low.uncheck();
  await page.waitForFunction(() => window.sluice?.latencyMode === 'normal');
  await playing(page);
  expect(page.url()).toContain('latency=normal');
  expect(requests).toContain(`${url}index.mpd`);

  await page.goto(`${url}?player=hls`);
  await playing(page);
  expect(await low.isChecked()).toBe(false);
  expect(await figure(page, 'pieces')).toMatch(/^\d+ s segments$/);
  await low.check();
  await expect.poll(() => figure(page, 'pieces')).toMatch(/^\d+ ms parts$/);

  await page.getByRole('radio', { name: 'HLS on TS' }).check();
  expect(await low.isDisabled()).toBe(true);
  expect(trouble).toEqual([]);
});

test('hls.js, some segments behind, does not mind an encoder that falters', async () => {
  const { page, trouble } = await open(browser, `${url}?player=hls&latency=normal`);
  await playing(page);
  for (const seconds of [1.2, 1.2, 1.2]) {
    await encoder.falter(seconds);
    await play(page, 3);
  }
  expect(await page.evaluate(() => window.sluice)).toMatchObject({ state: 'playing', stalls: 0, errors: [] });
  expect(trouble).toEqual([]);
});

test('hls.js, fallen far behind at low latency, comes back', async () => {
  const { page } = await open(browser, `${url}?player=hls&latency=low`);
  const latency = () => page.evaluate(() => window.sluice?.latency);
  await playing(page);
  await page.keyboard.press('k');
  await expect.poll(latency, { timeout: 20_000 }).toBeGreaterThan(6);
  await page.keyboard.press('k');
  await expect.poll(latency, { timeout: 20_000 }).toBeLessThan(3);
});

test('shows figures and addresses, and is used by keyboard', async () => {
  const { page, trouble } = await open(browser, url);
  await playing(page);
  await expect.poll(() => figure(page, 'latency')).toMatch(/^\d+(\.\d+)? s$/);
  await expect.poll(() => figure(page, 'video')).toMatch(/^H\.264/);
  await expect.poll(() => figure(page, 'audio')).toMatch(/AAC/);
  const shown = () =>
    page.evaluate(() => [
      window.sluice?.stalls,
      document.querySelector('.stats [data-stalls]')?.textContent.replace(/,.*/, ''),
    ]);
  await expect.poll(async () => (await shown()).join()).toMatch(/^0,None$|^([1-9]\d*),\1$/);
  expect(await page.locator('.addresses a').allTextContents()).toEqual([
    `${url}index.m3u8`,
    `${url}ts.m3u8`,
    `${url}index.mpd`,
    `${url}ll.mpd`,
  ]);

  const video = page.locator('video');
  expect(await video.evaluate((v: HTMLVideoElement) => v.muted)).toBe(true);
  await page.getByRole('button', { name: 'Unmute' }).last().click();
  expect(await video.evaluate((v: HTMLVideoElement) => v.muted)).toBe(false);
  await page.locator('h1').click();
  await page.keyboard.press('m');
  expect(await video.evaluate((v: HTMLVideoElement) => v.muted)).toBe(true);
  await page.keyboard.press('k');
  expect(await video.evaluate((v: HTMLVideoElement) => v.paused)).toBe(true);
  await page.getByRole('button', { name: 'Go live' }).click();
  await play(page, 1);
  expect(trouble).toEqual([]);
});

/** What the statistics of the player say. */
function figure(page: Page, name: string): Promise<string | null> {
  return page.locator(`.stats [data-${name}]`).textContent();
}
