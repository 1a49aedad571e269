import { once } from 'node:events';
import { createReadStream } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { openBare, playBare, startBareSite, type Bare, type BareSite } from './bare';
import { launch } from './browser';
import { over, startGateway, type Gateway } from './gateway';

// What real encoders have sent, of each codec that Chromium decodes, is played from its first frame to the last
// second: dash.js stops half a second before the end at times, all of which it has. MP3 is played as MPEG-TS, as
// Chromium knows none in MP4. Of HEVC and AC-3 the gateway's own tests have ffmpeg decode all.

type Player = [name: string, player: Bare, manifest: string];

const PLAYERS: Player[] = [
  ['hls.js', 'hls.js', 'index.m3u8'],
  ['dash.js', 'dash.js', 'index.mpd'],
  ['shaka, HLS', 'shaka-player', 'index.m3u8'],
];

const CAPTURES: [name: string, frames: number, players: Player[]][] = [
  ['avc-aac-bframes', 240, PLAYERS],
  ['avc-mp3', 180, [['hls.js, MPEG-TS', 'hls.js', 'ts.m3u8']]],
  ['avc-flac', 180, PLAYERS],
  ['av1-opus', 180, PLAYERS],
  ['vp9-opus', 180, PLAYERS],
  ['multi', 180, PLAYERS],
];

const FOLDER = join(import.meta.dirname, '../../pkg/rtmp/testdata');

/** The share of frames that are decoded at least, by then. */
const MOST = 0.85;

/** How much may be left of it, in seconds. */
const REST = 0.6;

let gateway: Gateway;
let browser: Browser;
let site: BareSite;

beforeAll(async () => {
  const settings = { SLUICE_STREAM_LINGER: '1s', SLUICE_STREAM_KEEP: '10m' };
  [gateway, browser, site] = await Promise.all([
    startGateway(undefined, settings),
    launch(),
    startBareSite(),
  ]);
  await Promise.all(CAPTURES.map(([name]) => replay(name)));
  for (const [name] of CAPTURES) await over(`http://${gateway.http}/live/${name}/v0/index.m3u8`);
});

afterAll(async () => {
  await Promise.all([browser.close(), site.stop()]);
  await gateway.stop();
});

describe.each(CAPTURES)('%s', (name, frames, players) => {
  test.concurrent.each(players)('%s', { retry: 1 }, async (_, player, manifest) => {
    const origin = `http://${gateway.http}`;
    const { page } = await openBare(browser, site, player, origin);
    await playBare({ page }, player, `${origin}/live/${name}/${manifest}`);
    const atEnd = (rest: number) => {
      const video = document.querySelector('video');
      return video !== null && video.currentTime > video.duration - rest;
    };
    await page.waitForFunction(atEnd, REST, { timeout: 30_000 }).catch(() => undefined);
    const seen = await page.evaluate(() => {
      const video = document.querySelector('video') as
        (HTMLVideoElement & { webkitAudioDecodedByteCount: number }) | null;
      return {
        left: (video?.duration ?? Infinity) - (video?.currentTime ?? 0),
        errors: window.errors.filter((error) => error.includes('fatal')),
        frames: video?.getVideoPlaybackQuality().totalVideoFrames ?? 0,
        sound: video?.webkitAudioDecodedByteCount ?? 0,
      };
    });
    await page.context().close();
    expect(seen.errors).toEqual([]);
    expect(seen.left).toBeLessThan(REST);
    expect(seen.frames).toBeGreaterThan(MOST * frames);
    expect(seen.sound).toBeGreaterThan(0);
  });
});

/** Sends what an encoder sent once, all at a time, and waits until the gateway has taken it. */
async function replay(name: string): Promise<void> {
  const [host, port] = gateway.rtmp.split(':');
  const socket = connect(Number(port), host);
  socket.resume();
  createReadStream(join(FOLDER, `${name}.rtmp`)).pipe(socket);
  await once(socket, 'close');
}
