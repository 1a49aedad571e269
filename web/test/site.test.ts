import { expect, test } from 'vitest';
import { below, hasToken, pathWithToken, streamAt, UP } from '../src/site';

test('addresses are relative to the page', () => {
  expect(below('', '/live/show/')).toBe('live/show/');
  expect(below(UP, '/streams.json')).toBe('../../streams.json');
  expect(below('', '/')).toBe('./');
});

test.each([
  ['/live/show/', 'live/show'],
  ['/t/abc.def/live/show/', 'live/show'],
  ['/live/a%20b/', 'live/a b'],
  ['/live/%/', 'live/%'],
])('the stream of %s', (path, want) => {
  expect(streamAt(path)).toBe(want);
});

test.each([
  ['/', 'abc.d-e_f', '/t/abc.d-e_f/'],
  ['/t/old/', ' new ', '/t/new/'],
  ['/', 'https://example.com/t/abc/', '/t/abc/'],
  ['/', 'a b', null],
  ['/', '', null],
  ['/', '../x', null],
])('from %s with %s', (path, token, want) => {
  expect(pathWithToken(path, token)).toBe(want);
});

test('knows a token in front of a path', () => {
  expect(['/', '/t/abc/', '/live/t/'].map(hasToken)).toEqual([false, true, false]);
});
