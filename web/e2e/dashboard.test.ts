import { spawnSync } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Browser, Locator, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { flaws, flawsNow } from './axe';
import { closePages, launch, open, playing } from './browser';
import { BINARY, startGateway, type Gateway } from './gateway';
import { publishKeys, type Publisher } from './keys-publisher';

let gateway: Gateway;
let browser: Browser;
let encoder: Publisher | undefined;

beforeAll(async () => {
  [gateway, browser] = await Promise.all([startGateway(undefined, { SLUICE_STREAM_LINGER: '4s' }), launch()]);
});

afterEach(() => closePages(browser));

afterAll(async () => {
  await encoder?.stop();
  await browser.close();
  await gateway.stop();
});

declare global {
  interface Window {
    /** Is lost when the page is loaded again. */
    stays?: boolean;
    /** How much the page has moved, as Layout Instability has it. */
    shifts?: number;
  }
}

function card(page: Page, name: string): Locator {
  return page.locator('.stream', { hasText: name });
}

/** How much the picture of a card, or a curve, varies from place to place; 0 when nothing is drawn. */
async function contrast(canvas: Locator): Promise<number> {
  return canvas.evaluate((element: HTMLCanvasElement) => {
    if (element.hidden) return 0;
    const { data } = element.getContext('2d')?.getImageData(0, 0, element.width, element.height) ?? {
      data: [],
    };
    const values = Array.from(
      { length: data.length / 4 },
      (_, i) => (data[4 * i + 1] ?? 0) + (data[4 * i + 3] ?? 0),
    );
    return Math.max(...values.slice(0, 100_000)) - Math.min(...values.slice(0, 100_000));
  });
}

const drawn = (canvas: Locator) =>
  expect.poll(() => contrast(canvas), { timeout: 20_000 }).toBeGreaterThan(30);

/** Adds up from now on by how much the page moves without anybody doing anything. */
async function watchShifts(page: Page): Promise<void> {
  await page.evaluate(() => {
    window.shifts = 0;
    new PerformanceObserver((list) => {
      for (const entry of list.getEntries()) {
        const { value, sources } = entry as unknown as { value: number; sources: { node?: Node | null }[] };
        const news = sources.some(({ node }) => node?.parentElement?.closest('.events')); // moves what was new before
        if (!news) window.shifts = (window.shifts ?? 0) + value;
      }
    }).observe({ type: 'layout-shift' });
  });
}

test('streams appear, degrade and end on the page of all and on their own, without a reload', async () => {
  const { page, trouble, requests } = await open(browser, `http://${gateway.http}/`);
  await page.getByText('Nothing is on air').waitFor();
  expect(await page.locator('#rtmp-server').isVisible()).toBe(true);
  expect(await flawsNow(page)).toEqual([]);
  await page.evaluate(() => {
    window.stays = true;
  });

  gateway.publish('live/steady');
  const address = `rtmp://${gateway.rtmp}/studio/faltering`;
  encoder = publishKeys(address, 2);
  const [show, studio] = [card(page, 'steady'), card(page, 'faltering')];
  await show.getByText('Live', { exact: true }).waitFor();
  await show.getByText('H.264').waitFor();
  await studio.getByText('Healthy').waitFor();
  expect(await page.locator('#rtmp-server').isVisible()).toBe(false);
  expect(requests.some((request) => /\/assets\/(hls|dash)-/.test(request))).toBe(false);
  for (const one of [show, studio]) {
    await drawn(one.locator('.frame canvas'));
    await drawn(one.locator('[data-bitrate-curve] canvas'));
    await drawn(one.locator('[data-frame-rate-curve] canvas'));
  }
  await expect.poll(() => studio.locator('[data-frame-rate]').textContent()).toBe('25 fps');
  expect(await page.title()).toBe('2 on air · Sluice');
  expect(await page.locator('#totals').textContent()).toMatch(/^0 viewers · .* in$/); // who looks at this is none

  const own = await open(browser, `http://${gateway.http}/studio/faltering/?player=hls`);
  const health = own.page.locator('#health');
  await health.getByText('Nothing: all is as it should be.').waitFor();

  // Somebody reads what is to improve when more is found: it stays open, and the focus where it is.
  const summary = show.locator('summary');
  await summary.focus();
  await page.keyboard.press('Enter');
  await show.getByText('Turn B-frames off for the lowest latency.').waitFor();
  await encoder.stop();
  encoder = publishKeys(address, 5); // somebody thought that this would save bits
  await studio.getByText('Live', { exact: true }).waitFor();
  await watchShifts(page);
  await studio.getByText(/^\d warnings?$/).waitFor({ timeout: 30_000 });
  expect(await page.locator('#news').textContent()).toMatch(/^Warning for studio\/faltering: key frames/);
  expect(await summary.evaluate((element) => element === document.activeElement)).toBe(true);
  expect(await show.locator('details').evaluate((element: HTMLDetailsElement) => element.open)).toBe(true);
  expect(await page.evaluate(() => window.shifts)).toBeLessThan(0.01);
  await studio.locator('summary').click();
  await studio.getByText('Set the keyframe interval to 2s.').waitFor();
  await health.getByText(/^\d warnings?$/).waitFor();
  await health.getByText('Set the keyframe interval to 2s.').waitFor();
  expect(await own.page.locator('#news').textContent()).toMatch(/^Warning for studio\/faltering: key frames/);
  expect(await flaws(page)).toEqual([]);

  await encoder.stop();
  await studio.getByText('Ended', { exact: true }).waitFor();
  expect(await studio.getAttribute('data-live')).toBe('false');
  expect(await contrast(studio.locator('.frame canvas'))).toBeGreaterThan(30);
  await expect.poll(() => page.locator('#summary').textContent()).toBe('1 stream live, 1 off air');
  await health.getByText('It has ended').waitFor();
  expect(own.trouble).toEqual([]);
  await own.page.context().close();
  expect(await flawsNow(page)).toEqual([]);
  expect(await page.evaluate(() => window.stays)).toBe(true);
  expect(trouble).toEqual([]);
});

test('all of it is reached by keyboard', async () => {
  const { page } = await open(browser, `http://${gateway.http}/`);
  await card(page, 'steady').getByText('1 notice').waitFor();
  const stops: string[] = [];
  for (let i = 0; i < 9; i++) {
    await page.keyboard.press('Tab');
    const stop = await page.evaluate(() => {
      const at = document.activeElement;
      if (!at || at === document.body) return '';
      const outlined = ['', '::after'].some(
        (part) => getComputedStyle(at, part || null).outlineStyle !== 'none',
      );
      return `${at.textContent.replace(/\s+/g, ' ').trim()}${outlined ? '' : ' (unseen)'}`;
    });
    if (stop === '') break;
    stops.push(stop);
  }
  expect(stops.filter((stop) => !/show (all|fewer)/i.test(stop))).toEqual([
    'Sluice',
    'Publish a stream',
    'live / steady',
    '1 thing to improve',
    'studio / faltering',
    'Publish a stream',
    'Open-source licences',
  ]);
  await page.locator('#to-publish').press('Enter');
  await page.locator('#rtmp-server').waitFor();
  await page.getByRole('link', { name: 'live / steady' }).press('Enter');
  await page.waitForURL('**/live/steady/');
});

test('what the gateway tells beside that is shown as text, and a codec that is unknown here is named', async () => {
  const { page, trouble } = await open(browser, 'about:blank', `http://${gateway.http}`);
  await page.route('**/status.json', async (route) => {
    const response = await route.fetch();
    const status = (await response.json()) as { streams?: object[] };
    Object.assign(status.streams?.[0] ?? status, {
      publisher: { encoder: 'obs-output module (libobs version 30.2.3)' },
      standby: true,
      tracks: [
        { id: 'v0', kind: 'video', codec: 'HEVC', codecs: 'hvc1.1.6.L93.B0', width: 1920, height: 1080 },
      ],
    });
    const events = Array.from({ length: 12 }, (_, i) => ({
      time: new Date(Date.UTC(2026, 0, 1) - 1000 * i).toISOString(),
      stream: '<b>live</b>/steady',
      kind: 'publish',
      text: `event <img src=x> ${i}`,
    }));
    await route.fulfill({ response, json: { ...status, events } });
  });
  await page.goto(`http://${gateway.http}/`);
  const one = card(page, 'steady');
  await one.getByText('OBS 30.2.3').waitFor();
  await one.getByText('Backup stands by').waitFor();
  await one.getByText('This browser shows no HEVC').waitFor();
  await page.getByText('<b>live</b>/steady event <img src=x> 0', { exact: true }).waitFor();
  expect(await page.locator('.event:visible').count()).toBe(8);
  await page.getByRole('button', { name: 'Show all 12' }).click();
  expect(await page.locator('.event:visible').count()).toBe(12);
  expect(await flawsNow(page)).toEqual([]);
  expect(trouble).toEqual([]);
});

test('the page of a stream tells how it is, beside both players', async () => {
  const { page, trouble } = await open(browser, `http://${gateway.http}/live/steady/?player=both`);
  await playing(page);
  const health = page.locator('#health');
  await health.getByText('1 notice').waitFor();
  expect(await health.locator('tbody tr').allTextContents()).toEqual([
    expect.stringMatching(/^v0H\.264.*640 × 360.*b\/s30 fps2 s33 ms–$/) as string,
    expect.stringMatching(/^a0AAC-LC48 kHz, stereo.*b\/s–––/) as string,
  ]);
  await expect.poll(() => health.locator('[data-viewers]').textContent(), { timeout: 10_000 }).toBe('1');
  for (const figure of ['bitrate', 'frame-rate', 'viewers'])
    await drawn(health.locator(`[data-${figure}-curve] canvas`));
  expect(await flaws(page)).toEqual([]);
  expect(trouble).toEqual([]);
});

test('a browser without WebCodecs, as on plain HTTP, has pictures too; one that loses its network says so', async () => {
  const { page } = await open(browser, 'about:blank');
  await page.addInitScript(() => {
    Reflect.deleteProperty(globalThis, 'VideoDecoder');
  });
  await page.goto(`http://${gateway.http}/`);
  await drawn(card(page, 'steady').locator('.frame canvas'));
  const lost = page.getByText('Cannot reach the gateway');
  await page.context().setOffline(true);
  await lost.waitFor();
  await page.context().setOffline(false);
  await lost.waitFor({ state: 'hidden' });
});

test('who has no token is told so, and gets everything with one', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'sluice-e2e-'));
  const secret = join(folder, 'secret');
  await writeFile(secret, `${'s'.repeat(40)}\n`);
  const closed = await startGateway(undefined, { SLUICE_WATCH_SECRET_FILE: secret });
  try {
    closed.publish('live/closed');
    const { page, trouble } = await open(browser, `http://${closed.http}/`);
    await page.getByRole('heading', { name: 'A token is needed' }).waitFor();
    expect(await page.locator('#dashboard').isVisible()).toBe(false);
    expect(await flawsNow(page)).toEqual([]);
    expect(trouble.filter((text) => !text.includes('403'))).toEqual([]);
    trouble.length = 0;

    const token = mint(secret, '*', '1h');
    await page.getByRole('textbox').fill(token);
    await page.getByRole('button', { name: 'Open' }).click();
    await drawn(card(page, 'closed').locator('.frame canvas'));
    await page.getByRole('link', { name: 'live / closed' }).click();
    await page.waitForURL(`**/t/${token}/live/closed/`);
    await playing(page);
    await page.locator('#health').getByText('1 notice').waitFor();
    await page.getByRole('link', { name: 'All streams' }).click();
    await page.waitForURL(`**/t/${token}/`);
    expect(trouble).toEqual([]);

    const brief = mint(secret, 'live/closed', '6s');
    const own = await open(browser, `http://${closed.http}/t/${brief}/live/closed/?player=hls`);
    await playing(own.page);
    await own.page.locator('#screens').getByText('A token is needed').waitFor();
    await own.page.getByText('Whoever runs the gateway makes one').waitFor();
  } finally {
    await closed.stop();
    await rm(folder, { recursive: true });
  }
});

/** A token for streams that is good for a while. */
function mint(secret: string, streams: string, time: string): string {
  const args = ['token', streams, '--for', time, '--secret', secret];
  return spawnSync(BINARY, args, { encoding: 'utf8' }).stdout.trim();
}
