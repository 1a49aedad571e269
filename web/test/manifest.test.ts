import { describe, expect, test } from 'vitest';
import { firstVariant, mpdEnded, playlistEnded } from '../src/manifest';

describe('firstVariant', () => {
  test.each([
    {
      name: 'the line after the first STREAM-INF',
      text: '#EXTM3U\n#EXT-X-STREAM-INF:BANDWIDTH=1\nv0/index.m3u8\n#EXT-X-STREAM-INF:BANDWIDTH=2\nv1/index.m3u8\n',
      want: 'v0/index.m3u8',
    },
    {
      name: 'past comments and carriage returns',
      text: '#EXTM3U\r\n#EXT-X-STREAM-INF:BANDWIDTH=1\r\n# hello\r\n\r\nv0/index.m3u8\r\n',
      want: 'v0/index.m3u8',
    },
    { name: 'none in a media playlist', text: '#EXTM3U\n#EXTINF:2,\n1.m4s\n', want: null },
    { name: 'none when it is cut off', text: '#EXTM3U\n#EXT-X-STREAM-INF:BANDWIDTH=1\n', want: null },
  ])('$name', ({ text, want }) => {
    expect(firstVariant(text)).toBe(want);
  });
});

test('playlistEnded looks for ENDLIST as a line of its own', () => {
  expect(playlistEnded('#EXTM3U\n#EXTINF:2,\n1.m4s\n#EXT-X-ENDLIST\n')).toBe(true);
  expect(playlistEnded('#EXTM3U\r\n#EXT-X-ENDLIST\r\n')).toBe(true);
  expect(playlistEnded('#EXTM3U\n#EXTINF:2,#EXT-X-ENDLIST\n1.m4s\n')).toBe(false);
});

describe('mpdEnded', () => {
  test.each([
    ['<?xml version="1.0"?>\n<MPD xmlns="x"\n type="dynamic" profiles="y"><Period/></MPD>', false],
    ["<MPD type='dynamic'></MPD>", false],
    ['<MPD type="static"></MPD>', true],
    ['<MPD xmlns="x"></MPD>', true],
    ['no manifest at all', false],
  ])('%s', (mpd, want) => {
    expect(mpdEnded(mpd)).toBe(want);
  });
});
