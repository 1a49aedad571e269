import { Parser, type Segment } from 'm3u8-parser';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { openBare, playBare, startBareSite, type Bare, type BareSite } from './bare';
import { launch } from './browser';
import { listed, startGateway, type Gateway } from './gateway';
import { encodeLadder, PICTURES, publishApart, publishTogether, ROUND, RUNGS } from './ladder-publisher';
import { openWay, type NarrowWay } from './narrow';
import { deviations, freezes, lookAtPictures, seenOf, type Seen } from './switches';
import { firstPicture } from './watch';

// Three renditions come on one connection, or from three publishers. Viewers go down the ladder as the way to them gets
// narrow and up as it is wide again, and see neither a stall nor a jump.

const TOGETHER = 'one connection';
const APART = 'three publishers';

/** The streams. */
const NAMES = { [TOGETHER]: 'together', [APART]: 'apart' };
type Source = keyof typeof NAMES;
const SOURCES = [TOGETHER, APART] as const;

/** Of three publishers. */
const MEMBERS = RUNGS.map(({ height }) => `live/apart_${height}p`);

/** Somebody who watches over a way of his own. */
interface Viewer {
  name: string;
  player: Bare;
  manifest: string;
  settings?: object;
  /** Goes down only when nothing is left to play: stalls, once or twice, for a second. */
  late?: true;
  /** Does not find out that the way is wide again. */
  low?: true;
}

// All begin at the top, which is not where their first guess of the way would have them begin.

const HLS = { abrEwmaDefaultEstimate: 10e6 };

/**
 * Of pictures that were late shaka concludes that their rendition cannot be decoded here, and then plays others for
 * 30 s, be the way as narrow as it is. It must not do so on a machine that is busy.
 */
const SHAKA = {
  abr: { droppedFrames: false, useNetworkInformation: false, defaultBandwidthEstimate: 10e6 },
};

/**
 * To show a better rung at once dash.js loads again what it has, and on a way that is hardly wide enough nothing is
 * left to play meanwhile: the picture stands still.
 */
const DASH = {
  streaming: { buffer: { fastSwitchEnabled: false }, abr: { initialBitrate: { video: 5000 } } },
};

const PATIENT: Viewer[] = [
  { name: 'hls.js', player: 'hls.js', manifest: 'index.m3u8', settings: { ...HLS, lowLatencyMode: false } },
  { name: 'dash.js', player: 'dash.js', manifest: 'index.mpd', settings: DASH },
  {
    name: 'shaka, HLS',
    player: 'shaka-player',
    manifest: 'index.m3u8',
    settings: { ...SHAKA, streaming: { lowLatencyMode: false } },
  },
  { name: 'shaka, DASH', player: 'shaka-player', manifest: 'index.mpd', settings: SHAKA },
];

// Near the live edge two players misjudge their way. hls.js, when it is behind, takes several parts at a time and
// counts the last one only, which is short. shaka counts the time in which it waits for what is not there yet.
const EAGER: Viewer[] = [
  { name: 'hls.js', player: 'hls.js', manifest: 'index.m3u8', settings: HLS, late: true },
  { name: 'dash.js', player: 'dash.js', manifest: 'll.mpd' },
  { name: 'shaka, DASH', player: 'shaka-player', manifest: 'll.mpd', settings: SHAKA, low: true },
];

/** What hls.js also reports when nothing is wrong: it gave up a request because it switched, or one that is held. */
const NO_ERRORS = ['aborted', 'levelLoadTimeOut', 'audioTrackLoadTimeOut'];

// The way, in kilobits a second. The narrow one is between the two lower rungs, sound included. It gets that narrow
// over 20 s, since near the live edge nobody could hold more than a second or two against a sudden end.
const WIDE = 10_000;
const ABOVE_ALL = 3000;
const NARROW = 950;
const NARROWER = 0.95; // each second

const PATIENCE = 60_000; // milliseconds until a player has changed the rung
const A_WHILE = 3; // seconds
const JUMP = 1.5 * (1000 / PICTURES); // milliseconds

const [TOP, , BOTTOM] = RUNGS.map(({ height }) => height);

let gateway: Gateway;
let browser: Browser;
let site: BareSite;
let publishers: { stop(): void }[] = [];

beforeAll(async () => {
  const ladder = await encodeLadder();
  const settings = { SLUICE_LADDERS: JSON.stringify({ 'live/apart': MEMBERS }) };
  [gateway, browser, site] = await Promise.all([
    startGateway(undefined, settings),
    launch(),
    startBareSite(),
  ]);
  const url = `rtmp://${gateway.rtmp}/`;
  publishers = await Promise.all([
    publishTogether(`${url}live/${NAMES[TOGETHER]}`, ladder),
    publishApart(
      MEMBERS.map((member) => url + member),
      ladder,
    ),
  ]);
  for (const source of SOURCES)
    for (const i of RUNGS.keys()) await listed(`${folderOf(source)}v${i}/index.m3u8`, 4);
});

afterAll(async () => {
  for (const publisher of publishers) publisher.stop();
  await Promise.all([browser.close(), site.stop()]);
  await gateway.stop();
});

describe.each(SOURCES)('%s: manifests and media', (source) => {
  const base = () => folderOf(source);

  test('segments of all rungs begin at equal times', async () => {
    const rungs = await Promise.all(RUNGS.map((_, i) => segmentsOf(`${base()}v${i}/`)));
    const numbers = [...(rungs[0]?.keys() ?? [])].filter((n) => rungs.every((rung) => rung.has(n)));
    expect(numbers.length).toBeGreaterThanOrEqual(3);
    for (const n of numbers) {
      const [first, ...others] = rungs.map((rung) => {
        const { start, duration, date } = rung.get(n) ?? {};
        return { start, duration, date };
      });
      for (const other of others) expect(other).toEqual(first);
    }
  });

  test('the multivariant playlist has three variants, and what they need at most', async () => {
    const peaks = await Promise.all([...RUNGS.keys()].map((i) => peakOf(`${base()}v${i}/`)));
    const sound = await peakOf(`${base()}a0/`);
    const lines = (await text(`${base()}index.m3u8`)).split('\n');
    const variants = lines.filter((line) => /^#EXT-X-STREAM-INF:.*RESOLUTION=/.test(line));
    expect(variants).toHaveLength(RUNGS.length);
    RUNGS.forEach(({ width, height }, i) => {
      const attributes = variants[i] ?? '';
      const bandwidth = Number(/:BANDWIDTH=(\d+)/.exec(attributes)?.[1]);
      expect(attributes).toContain(`,RESOLUTION=${width}x${height},`);
      expect(bandwidth).toBeGreaterThanOrEqual((peaks[i] ?? NaN) + sound);
    });
  });

  test.each(['index.mpd', 'll.mpd'])(
    '%s has one AdaptationSet with three Representations',
    async (manifest) => {
      const peaks = await Promise.all([...RUNGS.keys()].map((i) => peakOf(`${base()}v${i}/`)));
      const mpd = await text(base() + manifest);
      const sets = mpd.match(/<AdaptationSet [^>]*contentType="video".*?<\/AdaptationSet>/gs) ?? [];
      const keys = sets.filter((set) => set.includes('trickmode'));
      expect(keys).toHaveLength(manifest === 'index.mpd' ? 1 : 0);
      expect(sets).toHaveLength(1 + keys.length);
      expect(/^[^>]*>/.exec(sets[0] ?? '')?.[0]).toContain('segmentAlignment="true"');
      const representations = sets[0]?.match(/<Representation [^>]*>/g) ?? [];
      expect(representations).toHaveLength(RUNGS.length);
      RUNGS.forEach(({ width, height }, i) => {
        const attributes = representations[i] ?? '';
        expect(attributes).toContain(`width="${width}" height="${height}"`);
        expect(Number(/bandwidth="(\d+)"/.exec(attributes)?.[1])).toBeGreaterThanOrEqual(peaks[i] ?? NaN);
      });
    },
  );
});

// What else runs on the machine makes players stall: whoever did badly watches again.
describe.each([
  [TOGETHER, 'complete segments', PATIENT],
  [TOGETHER, 'low latency', EAGER],
  [APART, 'complete segments', PATIENT],
] as const)('%s: %s', (source, _, viewers) => {
  test.concurrent.each(viewers)('$name', { retry: 2, timeout: 200_000 }, async (viewer) => {
    const way = await openWay(gateway.http, WIDE);
    const { page, trouble } = await openBare(browser, site, viewer.player, `http://${way.address}`);
    const manifest = `http://${way.address}/live/${NAMES[source]}/${viewer.manifest}`;
    await playBare({ page }, viewer.player, manifest, viewer.settings);
    await page.setViewportSize({ width: 320, height: 180 }); // to draw more takes time
    await firstPicture(page);
    await lookAtPictures(page);
    const { seen, took } = await goDownAndUp(page, way, viewer).finally(async () => {
      await page.context().close();
      await way.stop();
    });
    const off = deviations(seen.pictures, ROUND);
    report(source, viewer, { ...took, ...summary(seen, off) });

    expect(off.filter((ms) => ms === null || Math.abs(ms) > JUMP)).toEqual([]);
    expect(seen.returns).toEqual([]);
    expect(trouble).toEqual([]);
    if (viewer.late) return;
    expect(seen.seeks).toEqual([]);
    expect(seen.stalls).toEqual([]);
    expect(freezes(seen.pictures)).toEqual([]);
    expect(seen.errors.filter((error) => !NO_ERRORS.includes(error))).toEqual([]);
  });
});

/** Narrows the way of a player, until it shows the lowest rung, and widens it again; returns what was seen. */
async function goDownAndUp(page: Page, way: NarrowWay, viewer: Viewer) {
  const began = performance.now();
  const shows = async (height = NaN) => {
    const from = performance.now();
    const there = (wanted: number) => document.querySelector('video')?.videoHeight === wanted;
    await page.waitForFunction(there, height, { timeout: PATIENCE, polling: 100 });
    return Math.round((performance.now() - from) / 100) / 10;
  };
  const first = await shows(TOP);
  await sleep(A_WHILE);
  await page.evaluate(() => window.errors.splice(0));
  const narrow = (async () => {
    for (way.rate = ABOVE_ALL; way.rate > NARROW; way.rate *= NARROWER) await sleep(1);
    way.rate = NARROW;
  })();
  const down = await shows(BOTTOM);
  await narrow;
  await sleep(A_WHILE);
  way.rate = WIDE;
  const up = viewer.low ? undefined : await shows(TOP);
  await sleep(A_WHILE);
  const all = Math.round((performance.now() - began) / 1000);
  return { seen: await seenOf(page), took: { first, down, up, all } };
}

function summary({ pictures, stalls, seeks, errors }: Seen, off: (number | null)[]) {
  const rungs = pictures
    .filter(({ height }, i) => height !== pictures[i - 1]?.height)
    .map(({ at, height }) => `${height} at ${at.toFixed(1)}`);
  const read = off.filter((ms) => ms !== null);
  const deviation = [Math.min(...read), Math.max(...read)];
  return { rungs, pictures: pictures.length, deviation, stalls, freezes: freezes(pictures), seeks, errors };
}

function report(source: Source, { name, manifest }: Viewer, figures: object): void {
  process.stdout.write(`${source}, ${name}, ${manifest}: ${JSON.stringify(figures)}\n`);
}

/** Where a stream is. */
function folderOf(source: Source): string {
  return `http://${gateway.http}/live/${NAMES[source]}/`;
}

/** A complete segment as it was served. */
interface Served {
  /** When it begins, in seconds: exact, as a fraction. */
  start: string;
  duration: number | undefined;
  date: number | undefined;
  /** Bits a second. */
  rate: number;
}

/** The complete segments that a media playlist lists, by their media sequence numbers. */
async function segmentsOf(folder: string): Promise<Map<number, Served>> {
  const parser = new Parser();
  parser.push(await text(`${folder}index.m3u8`));
  parser.end();
  const { segments, mediaSequence } = parser.manifest;
  const complete = segments.filter(({ uri, duration }) => uri && duration);
  const served = complete.map(
    async (segment, i) => [mediaSequence + i, await serve(folder, segment)] as const,
  );
  return new Map(await Promise.all(served));
}

async function serve(
  folder: string,
  { uri, map, duration, programDateTime: date }: Segment,
): Promise<Served> {
  const [init, media] = await Promise.all([bytes(folder + (map?.uri ?? '')), bytes(folder + uri)]);
  const mdhd = box(init, 'moov', 'trak', 'mdia', 'mdhd');
  const timescale = mdhd.readUInt32BE(mdhd[0] === 1 ? 20 : 12);
  const tfdt = box(media, 'moof', 'traf', 'tfdt');
  const time = tfdt[0] === 1 ? tfdt.readBigUInt64BE(4) : tfdt.readUInt32BE(4);
  return { start: `${time}/${timescale}`, duration, date, rate: (8 * media.length) / (duration ?? NaN) };
}

/** The bit rate of the largest segment that is listed. */
async function peakOf(folder: string): Promise<number> {
  return Math.max(...[...(await segmentsOf(folder)).values()].map(({ rate }) => rate));
}

/** What the first box of a type holds, by way of those around it. */
function box(file: Buffer, ...path: string[]): Buffer {
  const [type, ...rest] = path;
  if (!type) return file;
  for (let at = 0; at + 8 <= file.length; at += Math.max(8, file.readUInt32BE(at))) {
    if (file.toString('latin1', at + 4, at + 8) !== type) continue;
    return box(file.subarray(at + 8, at + file.readUInt32BE(at)), ...rest);
  }
  throw new Error(`there is no ${type}`);
}

async function text(url: string): Promise<string> {
  return String(await bytes(url));
}

async function bytes(url: string): Promise<Buffer> {
  const response = await fetch(url);
  if (!response.ok) throw new Error(`${url}: ${response.status}`);
  return Buffer.from(await response.arrayBuffer());
}

function sleep(seconds: number): Promise<void> {
  return new Promise((done) => setTimeout(done, 1000 * seconds));
}
