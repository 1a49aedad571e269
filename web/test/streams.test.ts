import { expect, test } from 'vitest';
import { parseStreams } from '../src/streams';

const entry = {
  app: 'live',
  name: 'show',
  path: '/live/show/',
  started: '2026-11-22T11:46:10.451Z',
  live: true,
  ready: true,
  width: 1280,
  height: 720,
  frameRate: 30,
  codecs: 'avc1.64001F,mp4a.40.2',
  bandwidth: 2_800_000,
};

test('reads an entry', () => {
  expect(parseStreams([entry])).toEqual([
    { ...entry, started: 1_795_347_970_451, codecs: ['avc1.64001F', 'mp4a.40.2'] },
  ]);
});

test('takes what is missing as unknown', () => {
  expect(parseStreams([{ path: '/live/radio/', width: 0, codecs: '' }])).toEqual([
    {
      app: '',
      name: '',
      path: '/live/radio/',
      started: null,
      live: true,
      ready: true,
      width: null,
      height: null,
      frameRate: null,
      codecs: [],
      bandwidth: null,
    },
  ]);
});

test.each([
  ['no list', { streams: [] }],
  ['null', null],
  ['entries that are none', [null, 7, 'x']],
  ['no path', [{ ...entry, path: undefined }]],
  ['another host', [{ ...entry, path: '//example.com/' }]],
  ['another host, as browsers read it', [{ ...entry, path: '/\\example.com/' }]],
  ['a scheme', [{ ...entry, path: 'javascript:alert(1)' }]],
])('leaves out %s', (_, json) => {
  expect(parseStreams(json)).toEqual([]);
});
