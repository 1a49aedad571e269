import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { brightness, launch, open, play, playing } from './browser';
import { available, listed, startGateway, type Gateway } from './gateway';

const SECONDS = 10;

let gateway: Gateway;
let browser: Browser;
let url: string;

beforeAll(async () => {
  [gateway, browser] = await Promise.all([startGateway(), launch()]);
  gateway.publish('live/demo');
  url = `http://${gateway.http}/live/demo/`;
  await listed(`${url}v0/index.m3u8`, 5);
  await Promise.all(['index.m3u8', 'ts.m3u8', 'index.mpd'].map((name) => available(url + name)));
});

afterAll(async () => {
  await browser.close();
  await gateway.stop();
});

describe.each([
  { player: 'hls', loads: /hls/, spares: /dash/ },
  { player: 'dash', loads: /dash/, spares: /hls/ },
  { player: 'ts', loads: /hls/, spares: /dash/ },
])('$player', ({ player, loads, spares }) => {
  test(`plays ${SECONDS} s without a stall`, async () => {
    const { page, trouble, requests } = await open(browser, `${url}?player=${player}`);
    await playing(page);
    const stretch = await play(page, SECONDS);

    const probe = await page.evaluate(() => window.sluice);
    expect(probe).toMatchObject({ player, state: 'playing', stalls: 0, stalledSeconds: 0, errors: [] });
    expect(stretch.media / stretch.wall).toBeGreaterThan(0.95);
    expect(stretch.frames).toBeGreaterThan(SECONDS * 20);
    expect(probe?.latency).toBeGreaterThan(0.5);
    expect(probe?.latency).toBeLessThan(15);

    const picture = await brightness(page);
    expect(picture.mean).toBeGreaterThan(10);
    expect(picture.deviation).toBeGreaterThan(5);

    const scripts = requests.filter((request) => request.endsWith('.js'));
    expect(scripts.some((script) => loads.test(script))).toBe(true);
    expect(scripts.some((script) => spares.test(script))).toBe(false);
    expect(trouble).toEqual([]);
    await page.context().close();
  });
});

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
  await page.context().close();
});

test('shows figures and addresses, and is used by keyboard', async () => {
  const { page, trouble } = await open(browser, url);
  await playing(page);
  await expect.poll(() => page.locator('[data-latency]').textContent()).toMatch(/^\d+(\.\d+)? s$/);
  await expect.poll(() => page.locator('[data-video]').textContent()).toMatch(/^H\.264/);
  await expect.poll(() => page.locator('[data-audio]').textContent()).toMatch(/AAC/);
  expect(await page.locator('[data-stalls]').textContent()).toBe('None');
  expect(await page.locator('.addresses a').allTextContents()).toEqual([
    `${url}index.m3u8`,
    `${url}ts.m3u8`,
    `${url}index.mpd`,
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
  await page.context().close();
});
