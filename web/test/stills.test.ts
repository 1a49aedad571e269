import { expect, test } from 'vitest';
import { newestStill, stillsOf } from '../src/stills';

const head = ['#EXTM3U', '#EXT-X-TARGETDURATION:2', '#EXT-X-I-FRAMES-ONLY', '#EXT-X-MAP:URI="7550.mp4"'];
const one = ['#EXTINF:2.00000,', '#EXT-X-BYTERANGE:10304@0', '161651405739600.m4s'];
const two = ['#EXTINF:2.00000,', '#EXT-X-BYTERANGE:11813@0', '161651405919600.m4s'];
const changed = ['#EXT-X-DISCONTINUITY', '#EXT-X-MAP:URI="beef.mp4",BYTERANGE="700@0"'];
const gap = ['#EXT-X-GAP', '#EXTINF:2.00000,', 'gone.m4s'];

test.each([
  ['the last one', [...head, ...one, ...two], { header: '7550.mp4', segment: 'k161651405919600.m4s' }],
  [
    'with its own header',
    [...head, ...one, ...changed, ...two],
    { header: 'beef.mp4', segment: 'k161651405919600.m4s' },
  ],
  ['in another folder', [...head, '#EXTINF:2,', 'old/1.m4s'], { header: '7550.mp4', segment: 'old/k1.m4s' }],
  ['in front of a gap', [...head, ...one, ...gap], { header: '7550.mp4', segment: 'k161651405739600.m4s' }],
  ['none yet', head, null],
  ['none without a header', [...one], null],
  ['none in nothing', [], null],
])('the newest key frame: %s', (_, lines, want) => {
  expect(newestStill(lines.join('\n'))).toEqual(want);
  expect(newestStill(lines.join('\r\n'))).toEqual(want);
});

test('where key frames are listed', () => {
  expect(stillsOf('v0')).toBe('v0/iframes.m3u8');
});
