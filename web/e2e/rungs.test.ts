import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { openBare, playBare, startBareSite, type Bare, type BareSite } from './bare';
import { launch } from './browser';
import { listed, startGateway, type Gateway } from './gateway';
import { encodeLadder, PICTURES, publishRung, ROUND, RUNGS, type Ladder } from './ladder-publisher';
import { deviations, freezes, lookAtPictures, seenOf, type Seen } from './switches';
import { firstPicture } from './watch';

// Of three publishers the second comes when viewers play already, and the first goes, and is back. Viewers play on with
// what there is. All do so at the same time.

interface Viewer {
  name: string;
  player: Bare;
  manifest: string;
  settings?: object;
  /** Reads but once which renditions there are, as players do in HLS: it does not know of one that comes later. */
  once?: true;
  /** Does not play a rendition again that was gone. */
  never?: true;
  /** Has less to play than the time after which it looks for a new manifest, and stands still for as long at most (ms). */
  late?: number;
}

// To conclude nothing from pictures that came late, nor from Chromium's guess of the network: see ladder.test.ts.
const SHAKA = {
  abr: { droppedFrames: false, useNetworkInformation: false, defaultBandwidthEstimate: 10e6 },
};
const DASH = { streaming: { buffer: { fastSwitchEnabled: false } } };

// For hls.js a rendition whose playlist could not be had once is none for good, unless `errorPenaltyExpireMs` says
// otherwise (src/controller/abr-controller.ts). shaka tries it again 30 s later (`maxDisabledTime`).
const PENALTY = { errorPenaltyExpireMs: 5000 };

const VIEWERS: Viewer[] = [
  {
    name: 'hls.js',
    player: 'hls.js',
    manifest: 'index.m3u8',
    settings: { ...PENALTY, lowLatencyMode: false },
    once: true,
  },
  { name: 'hls.js, low latency', player: 'hls.js', manifest: 'index.m3u8', once: true, never: true },
  {
    name: 'shaka, HLS',
    player: 'shaka-player',
    manifest: 'index.m3u8',
    settings: { ...SHAKA, streaming: { lowLatencyMode: false } },
    once: true,
  },
  { name: 'dash.js', player: 'dash.js', manifest: 'index.mpd', settings: DASH },
  { name: 'dash.js, low latency', player: 'dash.js', manifest: 'll.mpd', settings: DASH, late: 2500 },
  { name: 'shaka, DASH', player: 'shaka-player', manifest: 'index.mpd', settings: SHAKA, never: true },
];

/** What hls.js and shaka say, beside what hls.js says when nothing is wrong, of a playlist that is gone. */
const EXPECTED = [
  /^(aborted|levelLoadTimeOut|audioTrackLoadTimeOut)$/,
  /^levelLoadError$/,
  /^shaka 1001 http:\S+\/v0\/index\.m3u8\S* $/,
];
const GONE = /^404 http:\S+\/v0\/index\.m3u8|^console: Failed to load resource.* 404 /;

const ATTEMPTS = 2; // what else runs on the machine makes players stall: what went wrong for anybody happens once more
const JUMP = 1.5 * (1000 / PICTURES); // milliseconds
const [TOP, MIDDLE, BOTTOM] = RUNGS.map(({ height }) => height);

/** What was seen, and when things happened by the same clock. */
interface Story extends Seen {
  ended: number;
  back: number;
  trouble: string[];
}

let gateway: Gateway;
let browser: Browser;
let site: BareSite;
let ladder: Ladder;

beforeAll(async () => {
  const members = RUNGS.map(({ height }) => `{name}_${height}p`);
  const settings = { SLUICE_LADDERS: JSON.stringify({ '{name}': members }) };
  [ladder, gateway, browser, site] = await Promise.all([
    encodeLadder(),
    startGateway(undefined, settings),
    launch(),
    startBareSite(),
  ]);
});

afterAll(async () => {
  await Promise.all([browser.close(), site.stop()]);
  await gateway.stop();
});

describe('rungs come and go', () => {
  let stories: Story[] = [];

  beforeAll(async () => {
    for (let attempt = 1; attempt <= ATTEMPTS; attempt++) {
      stories = await watchRungs(`show${attempt}`);
      const bad = VIEWERS.filter((viewer, i) => wrong(viewer, stories[i]).length > 0);
      if (bad.length === 0) return;
      process.stdout.write(`attempt ${attempt}, not: ${bad.map(({ name }) => name).join('; ')}\n`);
    }
  }, 240_000);

  test.each(VIEWERS.map((viewer, i) => ({ ...viewer, i })))('$name', ({ i, ...viewer }) => {
    expect(wrong(viewer, stories[i])).toEqual([]);
  });
});

/** Has rungs of a stream come and go, and returns what each viewer saw. */
async function watchRungs(name: string): Promise<Story[]> {
  const began = performance.now();
  const publish = (rung: number) =>
    publishRung(`rtmp://${gateway.rtmp}/live/${name}_${RUNGS[rung]?.height}p`, ladder, rung, began);
  const folder = `http://${gateway.http}/live/${name}/`;
  const top = await publish(0); // its sound is heard
  await listed(`${folder}v0/index.m3u8`, 1);
  const others = [await publish(2)];
  await listed(`${folder}v2/index.m3u8`, 4);
  const seats = await Promise.all(VIEWERS.map((viewer) => sitDown(viewer, folder)));
  await sleep(4);
  others.push(await publish(1));
  await listed(`${folder}v1/index.m3u8`, 1);
  await sleep(6); // until players know of it
  const ended = performance.now();
  top.stop();
  await sleep(12);
  others.push(await publish(0));
  const back = performance.now();
  await sleep(26);
  const stories = await Promise.all(
    seats.map(async ({ page, trouble, since }) => {
      const seen = await seenOf(page);
      await page.context().close();
      const at = (time: number) => (time - since) / 1000;
      return { ...seen, ended: at(ended), back: at(back), trouble };
    }),
  );
  for (const publisher of others) publisher.stop();
  stories.forEach((story, i) => {
    report(VIEWERS[i]?.name ?? '', story);
  });
  return stories;
}

/** Has a viewer play, until nothing of how it began is to be seen any more. */
async function sitDown(viewer: Viewer, folder: string): Promise<{ page: Page; trouble: string[]; since: number }> {
  const { page, trouble } = await openBare(browser, site, viewer.player, new URL(folder).origin);
  await page.setViewportSize({ width: 320, height: 180 }); // to draw more takes time
  await playBare({ page }, viewer.player, folder + viewer.manifest, viewer.settings);
  await firstPicture(page);
  await page.waitForFunction((top) => document.querySelector('video')?.videoHeight === top, TOP);
  await lookAtPictures(page);
  return { page, trouble, since: performance.now() };
}

/** What should not have been seen. */
function wrong(viewer: Viewer, story?: Story): string[] {
  if (!story) return ['nothing was seen'];
  const { pictures, ended, back } = story;
  const lost = [...story.stalls, ...freezes(pictures)];
  const shown = (height = NaN, from: number, to = Infinity) =>
    pictures.some((picture) => picture.height === height && picture.at > from && picture.at < to);
  const off = deviations(pictures, ROUND).filter((ms) => ms === null || Math.abs(ms) > JUMP);
  const rules: [string, boolean][] = [
    ['it plays to the end', (pictures.at(-1)?.at ?? 0) > back + 25],
    ['it shows the best rung before that ends', shown(TOP, ended - 2, ended)],
    ['it shows another one then', shown(viewer.once ? BOTTOM : MIDDLE, ended, back + 8)],
    ['it shows the best rung when that is back', viewer.never ?? shown(TOP, back)],
    ['it never stands still', viewer.late ? lost.every((one) => one.lost < (viewer.late ?? 0)) : lost.length === 0],
    ['it does not jump', story.returns.length === 0 && (viewer.late !== undefined || story.seeks.length === 0)],
    ['pictures are where they belong', off.length === 0],
    ['nothing else is reported', story.errors.every((error) => EXPECTED.some((known) => known.test(error)))],
    ['nothing else is refused', story.trouble.every((trouble) => GONE.test(trouble))],
  ];
  return rules.filter(([, holds]) => !holds).map(([rule]) => rule);
}

function report(name: string, { pictures, ended, back, stalls, seeks, errors, trouble }: Story): void {
  const rungs = pictures
    .filter(({ height }, i) => height !== pictures[i - 1]?.height)
    .map(({ at, height }) => `${height} at ${at.toFixed(1)}`);
  const off = deviations(pictures, ROUND).filter((ms) => ms !== null);
  const deviation = [Math.min(...off), Math.max(...off)];
  const figures = { ended, back, rungs, stalls, freezes: freezes(pictures), seeks, deviation, errors, trouble };
  process.stdout.write(`${name}: ${JSON.stringify(figures)}\n`);
}

function sleep(seconds: number): Promise<void> {
  return new Promise((done) => setTimeout(done, 1000 * seconds));
}
