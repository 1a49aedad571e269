import HLS from 'hls-parser';
import { Parser } from 'm3u8-parser';
import { parse as parseMpd } from 'mpd-parser';
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { openBare, startBareSite, type BareSite } from './bare';
import { launch, type WatchedPage } from './browser';
import { available, listed, over, startGateway, type Gateway } from './gateway';

/** A text as the gateway gave it. */
interface Text {
  url: string;
  body: string;
}

const SEGMENTS = 11; // enough for a delta playlist: six target durations are never skipped

/** Playlists by name: the address, where `+n` stands for the number of the newest segment and n more. */
const PLAYLISTS = {
  'the multivariant playlist': 'index.m3u8',
  'the multivariant playlist of MPEG-TS': 'ts.m3u8',
  'video on MPEG-TS': 'v0/ts.m3u8',
  video: 'v0/index.m3u8',
  audio: 'a0/index.m3u8',
};
const BLOCKED = {
  'video, held for a segment': 'v0/index.m3u8?_HLS_msn=+1',
  'video, held for a part': 'v0/index.m3u8?_HLS_msn=+2&_HLS_part=1',
  'audio, held for a part': 'a0/index.m3u8?_HLS_msn=+2&_HLS_part=2',
};
const DELTAS = {
  'video, what is new': 'v0/index.m3u8?_HLS_skip=YES',
  'audio, what is new': 'a0/index.m3u8?_HLS_skip=YES',
  'video, what is new, held for a part': 'v0/index.m3u8?_HLS_msn=+2&_HLS_part=3&_HLS_skip=YES',
};
const LIVE = { ...PLAYLISTS, ...BLOCKED, ...DELTAS };
const MPDS = { 'the MPD': 'index.mpd', 'the low-latency MPD': 'll.mpd' };

let gateway: Gateway;
let browser: Browser;
let site: BareSite;
let hlsPage: WatchedPage;
let live: Record<string, Text>;
let ended: Record<string, Text>;

beforeAll(async () => {
  [gateway, browser, site] = await Promise.all([
    startGateway(undefined, { SLUICE_STREAM_LINGER: '0s' }),
    launch(),
    startBareSite(),
  ]);
  const base = `http://${gateway.http}/live/read/`;
  const publisher = gateway.publish('live/read');
  await listed(`${base}v0/index.m3u8`, SEGMENTS);
  await available(`${base}ll.mpd`);
  live = await getAll(base, { ...LIVE, ...MPDS });
  await publisher.stop();
  await over(`${base}v0/index.m3u8`);
  ended = await getAll(base, { ...PLAYLISTS, ...MPDS });
  hlsPage = await openBare(browser, site, 'hls.js', new URL(base).origin);
});

afterAll(async () => {
  await Promise.all([browser.close(), site.stop(), gateway.stop()]);
});

describe.each([
  ['live', () => live, Object.keys(LIVE)],
  ['ended', () => ended, Object.keys(PLAYLISTS)],
] as const)('%s', (_, texts, names) => {
  describe.each(names)('%s', (name) => {
    const text = () => texts()[name] ?? { url: '', body: '' };

    test('hls.js', async () => {
      const read = await hlsPage.page.evaluate(readByHls, text());
      expect(read).toEqual({ errors: [], parsed: true });
    });

    test('m3u8-parser', () => {
      const parser = new Parser();
      const said: string[] = [];
      for (const type of ['info', 'warn', 'error'] as const) {
        parser.on(type, ({ message }) => said.push(`${type}: ${message}`));
      }
      parser.push(text().body);
      parser.end();
      const { segments, playlists, skip } = parser.manifest;
      expect(said).toEqual([]);
      expect(segments.length + (playlists?.length ?? 0)).toBeGreaterThan(0);
      expect(skip !== undefined).toBe(name in DELTAS);
    });

    test('hls-parser, strict', () => {
      HLS.setOptions({ strictMode: true });
      const playlist = HLS.parse(text().body);
      if (playlist.isMasterPlaylist) expect(playlist.variants).not.toHaveLength(0);
      else expect(playlist.segments).not.toHaveLength(0);
    });
  });

  test.each(Object.keys(MPDS))('%s by mpd-parser', (name) => {
    const { url, body } = texts()[name] ?? { url: '', body: '' };
    const said: string[] = [];
    const { playlists: all, mediaGroups } = parseMpd(body, {
      manifestUri: url,
      eventHandler: ({ message }) => said.push(message),
    });
    const audio = Object.values(mediaGroups.AUDIO.audio ?? {}).flatMap((group) => group.playlists);
    // It does not know of sets of key frames alone, and takes them for one more rendition.
    const playlists = all.filter(({ attributes }) => attributes.NAME === 'v0');
    expect(all.length - playlists.length).toBe(body.includes('trickmode') ? 1 : 0);
    expect(said).toEqual([]);
    expect(playlists).toHaveLength(1);
    expect(audio).toHaveLength(1);
    for (const { segments } of [...playlists, ...audio]) expect(segments).not.toHaveLength(0);
  });
});

async function getAll(base: string, names: Record<string, string>): Promise<Record<string, Text>> {
  const newest = await newestSegment(`${base}v0/index.m3u8`);
  const texts = Object.entries(names).map(async ([name, path]) => {
    const url = base + path.replace(/\+(\d)/, (_, more: string) => String(newest + Number(more)));
    const response = await fetch(url);
    const body = await response.text();
    if (!response.ok) throw new Error(`${url}: ${response.status} ${body}`);
    return [name, { url, body }] as const;
  });
  return Object.fromEntries(await Promise.all(texts));
}

/** The media sequence number of the newest complete segment in a playlist. */
async function newestSegment(playlist: string): Promise<number> {
  const text = await fetch(playlist).then((response) => response.text());
  const first = Number(/^#EXT-X-MEDIA-SEQUENCE:(\d+)$/m.exec(text)?.[1] ?? NaN);
  return first + (text.match(/^#EXTINF:/gm) ?? []).length - 1;
}

// Runs in the page: gives the text to an hls.js that loads nothing else.
function readByHls(text: Text): Promise<{ errors: string[]; parsed: boolean }> {
  const { Hls } = window;
  const Loader = Hls.DefaultConfig.loader;
  class Given extends Loader {
    override load(...[context, , callbacks]: Parameters<InstanceType<typeof Loader>['load']>) {
      callbacks.onSuccess({ url: context.url, data: text.body }, this.stats, context, null);
    }
  }
  return new Promise((resolve) => {
    const hls = new Hls({ pLoader: Given as never, autoStartLoad: false });
    const errors: string[] = [];
    const done = (parsed: boolean) => {
      hls.destroy();
      resolve({ errors, parsed });
    };
    hls.on(Hls.Events.ERROR, (_, { details, error }) => {
      errors.push(`${details}: ${error.message}`);
      done(false);
    });
    hls.on(Hls.Events.MANIFEST_PARSED, () => {
      if (text.body.includes('#EXT-X-STREAM-INF')) done(true);
    });
    hls.on(Hls.Events.LEVEL_LOADED, (_, { details }) => {
      if (details.playlistParsingError) errors.push(details.playlistParsingError.message);
      done(details.fragments.length > 0);
    });
    hls.loadSource(text.url);
  });
}
