import type { Browser } from 'playwright-core';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { closePages, launch, open, playing, reach } from './browser';
import { available, startGateway, type Gateway } from './gateway';

let gateway: Gateway;
let browser: Browser;

beforeAll(async () => {
  const settings = { SLUICE_STREAM_LINGER: '0s' };
  [gateway, browser] = await Promise.all([startGateway(undefined, settings), launch()]);
});

afterEach(() => closePages(browser));

afterAll(async () => {
  await browser.close();
  await gateway.stop();
});

/** What a page may complain of while there is nothing to play. */
function expected(trouble: string): boolean {
  return /^(404|console: Failed to load resource)/.test(trouble);
}

test('the list explains how to publish, shows a stream and lets it go', async () => {
  const { page, trouble } = await open(browser, `http://${gateway.http}/`);
  await page.getByText('Nothing is on air').waitFor();
  await page.locator('#rtmp-server', { hasText: `rtmp://${gateway.rtmp}/live` }).waitFor();
  expect(await page.locator('#ffmpeg-command').textContent()).toContain('-f flv rtmp://');

  const publisher = gateway.publish('live/listed');
  const row = page.locator('.stream', { hasText: 'listed' });
  await row.getByText('Live', { exact: true }).waitFor();
  await row.getByText('H.264').waitFor();
  expect(await row.locator('a').getAttribute('href')).toBe('live/listed/');
  expect(await page.getByText('Nothing is on air').isVisible()).toBe(false);

  await publisher.stop();
  await page.locator('.stream[data-live="true"]').waitFor({ state: 'detached' });
  expect(trouble).toEqual([]);
});

test.each(['hls', 'dash', 'ts'])(
  '%s waits for a stream, plays it, says when it is over and plays it again',
  async (player) => {
    const { page, trouble } = await open(
      browser,
      `http://${gateway.http}/live/guest-${player}/?player=${player}`,
    );
    await reach(page, ['waiting']);
    await page.getByText('Waiting for the stream').waitFor();

    const publisher = gateway.publish(`live/guest-${player}`);
    await playing(page);
    expect(await page.locator('.message').isVisible()).toBe(false);

    await publisher.stop();
    await reach(page, ['ended', 'waiting']);
    await page.getByText(/The stream has ended|Waiting for the stream/).waitFor();

    gateway.publish(`live/guest-${player}`);
    await reach(page, ['playing'], 90_000);
    await playing(page);
    expect(trouble.filter((text) => !expected(text))).toEqual([]);
  },
);

test('a player outlives its publisher', async () => {
  const patient = await startGateway();
  const { page } = await open(browser, `http://${patient.http}/live/show/?player=hls`);
  const publisher = patient.publish('live/show');
  await playing(page);

  await publisher.stop();
  await reach(page, ['away']);
  await page.getByText('The broadcaster is away').waitFor();
  const list = await open(browser, `http://${patient.http}/`);
  await list.page.locator('.stream', { hasText: 'show' }).getByText('Off air').waitFor();

  try {
    patient.publish('live/show');
    await reach(page, ['playing']);
    await playing(page);
    expect(
      await page.evaluate(() => window.sluice?.errors.filter((error) => error.includes('fatal'))),
    ).toEqual([]);
  } finally {
    await patient.stop();
  }
});

test('a player outlives the gateway', async () => {
  const first = await startGateway();
  const { page } = await open(browser, `http://${first.http}/live/again/?player=hls`);
  first.publish('live/again');
  await playing(page);

  await first.stop();
  await reach(page, ['recovering']);
  await page.getByText('The server does not answer').waitFor();

  const second = await startGateway(first.http);
  try {
    second.publish('live/again');
    await available(`http://${second.http}/live/again/index.m3u8`);
    await reach(page, ['playing'], 90_000);
    await playing(page);
  } finally {
    await second.stop();
  }
});
