import { createHmac } from 'node:crypto';
import { describe, expect, test } from 'vitest';

interface Edge {
  answer: (
    request: Request,
    secrets: string[],
    next: (request: Request) => Response | Promise<Response>,
  ) => Promise<Response>;
  streamOf: (path: string) => string;
  refusal: (token: string, stream: string, secrets: string[], now: number) => Promise<string | undefined>;
}

const SAMPLE = new URL('../../configs/edge-token.js', import.meta.url).href;
const { answer, refusal, streamOf } = (await import(/* @vite-ignore */ SAMPLE)) as Edge;

const SECRET = 's'.repeat(40);
const EXPIRES = 1780315201; // seconds since 1970

/** What Sluice makes of them, for live/show: the same is in pkg/access. */
const TOKEN = 'MTc4MDMxNTIwMTpsaXZlL3Nob3c.YNINTT1dTjoXUVReMB7jLZBDNHRkb0y2zK628r9wNDI';

function makeToken(scope: string, expires: number, secret = SECRET): string {
  const payload = Buffer.from(`${expires}:${scope}`).toString('base64url');
  return `${payload}.${createHmac('sha256', secret).update(payload).digest('base64url')}`;
}

describe('a token', () => {
  test.each([
    ['of Sluice', TOKEN, undefined],
    ['of an application', makeToken('live/*', EXPIRES), undefined],
    ['of all', makeToken('*', EXPIRES), undefined],
    ['of the second secret', makeToken('live/show', EXPIRES, 'x'.repeat(32)), undefined],
    ['of another stream', makeToken('live/other', EXPIRES), 'it is for another stream'],
    ['that has expired', makeToken('live/show', EXPIRES - 1), 'it has expired'],
    ['that never expires', makeToken('live/show', NaN), 'it has expired'],
    [
      'of another secret',
      makeToken('live/show', EXPIRES, 'y'.repeat(32)),
      'it is not signed with a secret of this gateway',
    ],
    ['that was changed', `x${TOKEN}`, 'it is not signed with a secret of this gateway'],
    ['of garbage', '%%%.%%%', 'it is not signed with a secret of this gateway'],
  ])('%s', async (_, token, want) => {
    expect(await refusal(token, 'live/show', [SECRET, '', 'x'.repeat(32)], EXPIRES - 1)).toBe(want);
  });

  test.each([
    ['/live/show/v0/index.m3u8', 'live/show'],
    ['/live/show/', 'live/show'],
    ['/live/show.m3u8', 'live/show'],
    ['/live/show.mpd', 'live/show'],
    ['/live/show.m3u8/index.m3u8', 'live/show.m3u8'],
  ])('is for the stream of %s', (path, stream) => {
    expect(streamOf(path)).toBe(stream);
  });
});

test('what is behind a token is asked for without it', async () => {
  const asked: string[] = [];
  const next = ({ url }: Request) => {
    asked.push(url);
    return new Response('#EXTM3U');
  };
  const token = makeToken('live/show', Math.round(Date.now() / 1000) + 60);
  const ask = (path: string) => answer(new Request(`https://cdn.test${path}`), [SECRET], next);
  const good = await ask(`/t/${token}/live/show/v0/index.m3u8?_HLS_msn=7`);
  expect(await good.text()).toBe('#EXTM3U');
  expect(asked).toEqual(['https://cdn.test/live/show/v0/index.m3u8?_HLS_msn=7']);
  for (const path of ['/live/show/index.m3u8', `/t/${token}/live/other/index.m3u8`, `/t/${token}`]) {
    const bad = await ask(path);
    expect([bad.status, bad.headers.get('Cache-Control')]).toEqual([403, 'no-store']);
  }
  expect(asked).toHaveLength(1);
});
