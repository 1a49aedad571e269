import { describe, expect, test } from 'vitest';
import {
  formatBitrate,
  formatCodec,
  formatCount,
  formatElapsed,
  formatFrameRate,
  formatNumber,
  formatPicture,
  formatPiece,
  formatRate,
  formatSeconds,
  formatShort,
  formatTime,
  isAudioCodec,
} from '../src/format';

describe('formatSeconds', () => {
  test.each([
    [null, '–'],
    [Infinity, '–'],
    [0, '0.00 s'],
    [2.994, '2.99 s'],
    [2.996, '3.0 s'],
    [6.25, '6.3 s'],
    [99.94, '99.9 s'],
    [125, '2 min 05 s'],
    [-0.04, '-0.04 s'],
  ])('%s', (seconds, want) => {
    expect(formatSeconds(seconds)).toBe(want);
  });
});

describe('formatBitrate', () => {
  test.each([
    [null, '–'],
    [128_000, '128 kb/s'],
    [999_499, '999 kb/s'],
    [999_500, '1.0 Mb/s'],
    [2_800_000, '2.8 Mb/s'],
    [12_345_678, '12 Mb/s'],
  ])('%s', (bits, want) => {
    expect(formatBitrate(bits)).toBe(want);
  });
});

describe('formatElapsed', () => {
  test.each([
    [-500, '0 s'],
    [12_999, '12 s'],
    [245_000, '4 min 05 s'],
    [7_620_000, '2 h 07 min'],
    [273_600_000, '3 d 4 h'],
  ])('%s', (ms, want) => {
    expect(formatElapsed(ms)).toBe(want);
  });
});

describe('formatPicture', () => {
  test.each([
    [1280, 720, 30, '1280 × 720 · 30 fps'],
    [1920, 1080, 30000 / 1001, '1920 × 1080 · 29.97 fps'],
    [640, 360, null, '640 × 360'],
    [640, 360, 0, '640 × 360'],
    [0, 0, 25, '–'],
    [null, null, null, '–'],
  ])('%s %s %s', (width, height, rate, want) => {
    expect(formatPicture(width, height, rate)).toBe(want);
  });
});

describe('formatCodec', () => {
  test.each([
    ['avc1.64001F', 'H.264 High 3.1'],
    ['avc1.42c01e', 'H.264 Baseline 3.0'],
    ['avc1.F4001F', 'H.264 3.1'],
    ['avc1', 'H.264'],
    ['hvc1.1.6.L93.B0', 'HEVC'],
    ['av01.0.04M.08', 'AV1'],
    ['mp4a.40.2', 'AAC-LC'],
    ['mp4a.40.29', 'HE-AAC v2'],
    ['mp4a.6B', 'MP3'],
    ['Opus', 'Opus'],
    ['wvtt', 'wvtt'],
  ])('%s', (codec, want) => {
    expect(formatCodec(codec)).toBe(want);
  });

  test('tells audio from video', () => {
    expect(['avc1.64001F', 'mp4a.40.2', 'Opus', 'av01.0.04M.08'].filter(isAudioCodec)).toEqual([
      'mp4a.40.2',
      'Opus',
    ]);
  });
});

test('formatCount groups thousands', () => {
  expect([7, 1234, 1_234_567].map(formatCount)).toEqual(['7', '1\u2009234', '1\u2009234\u2009567']);
});

test.each([
  [1, '1×'],
  [1.0501, '1.05×'],
  [0.96, '0.96×'],
])('formatRate of %s', (rate, want) => {
  expect(formatRate(rate)).toBe(want);
});

test.each([
  [null, '–'],
  [{ kind: 'part', seconds: 0.25 }, '250 ms parts'],
  [{ kind: 'part', seconds: 1 }, '1 s parts'],
  [{ kind: 'growing segment', seconds: 2 }, 'growing 2 s segments'],
  [{ kind: 'segment', seconds: 1.92 }, '1.92 s segments'],
  [{ kind: 'segment', seconds: NaN }, '–'],
] as const)('formatPiece of %j', (piece, want) => {
  expect(formatPiece(piece)).toBe(want);
});

test.each([
  [0, '0 ms'],
  [0.0334, '33 ms'],
  [-0.12, '-120 ms'],
  [2.5, '2.50 s'],
])('formatShort of %s', (seconds, want) => {
  expect(formatShort(seconds)).toBe(want);
});

test('formatFrameRate', () => {
  expect([null, 0, 25, 30000 / 1001].map(formatFrameRate)).toEqual(['–', '–', '25 fps', '29.97 fps']);
});

test('formatNumber', () => {
  expect([0, 1, 2].map((n) => formatNumber(n, 'viewer'))).toEqual(['0 viewers', '1 viewer', '2 viewers']);
  expect(formatNumber(2, 'thing to do', 'things to do')).toBe('2 things to do');
});

test('formatTime names the day when it is another', () => {
  const now = Date.parse('2026-12-01T12:00:00Z');
  expect(formatTime(Date.parse('2026-12-01T09:03:07Z'), now, 'UTC')).toBe('09:03:07');
  expect(formatTime(Date.parse('2026-11-30T23:59:01Z'), now, 'UTC')).toBe('30 Nov 23:59:01');
});
