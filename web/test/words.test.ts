import { describe, expect, test } from 'vitest';
import { parseStatus, type Finding, type Report, type Track } from '../src/report';
import {
  counts,
  encoderName,
  facts,
  format,
  health,
  improvements,
  keyInterval,
  news,
  onAirFor,
  skew,
  summary,
} from '../src/words';

function report(change: Record<string, unknown> = {}): Report {
  const base = { app: 'live', name: 'show', path: '/live/show/', live: true, ready: true };
  const [read] = parseStatus({ streams: [{ ...base, ...change }] }).streams;
  if (!read) throw new Error('this is no report');
  return read;
}

function tracks(...some: Record<string, unknown>[]): Track[] {
  return report({ tracks: some }).tracks;
}

function findings(...levels: string[]): Finding[] {
  return report({ findings: levels.map((level, i) => ({ code: `c${i}`, level, text: `text ${i}` })) })
    .findings;
}

const video = { id: 'v0', kind: 'video', codec: 'H.264', codecs: 'avc1.64001F', width: 1280, height: 720 };
const audio = { id: 'a0', kind: 'audio', codec: 'AAC', codecs: 'mp4a.40.2', sampleRate: 44100, channels: 2 };

test.each([
  [[], 'Healthy', '0 things to improve'],
  [['notice'], '1 notice', '1 thing to improve'],
  [['notice', 'notice'], '2 notices', '2 things to improve'],
  [['warning', 'notice', 'notice'], '1 warning', '3 things to improve'],
])('health of %j', (levels, want, things) => {
  expect(health(findings(...levels))).toBe(want);
  expect(improvements(findings(...levels))).toBe(things);
});

describe('tracks in short', () => {
  test.each([
    [
      [video, audio],
      ['H.264 High 3.1', '1280 × 720', 'AAC-LC'],
    ],
    [[audio], ['AAC-LC']],
    [
      [video, { ...video, id: 'v1' }, audio],
      ['2 × H.264 High 3.1', '1280 × 720', 'AAC-LC'],
    ],
    [[{ id: 'v0', kind: 'video', codec: 'HEVC' }], ['HEVC']],
    [[], []],
  ])('%#', (some, want) => {
    expect(facts(tracks(...some))).toEqual(want);
  });
});

test.each([
  [{ started: '2026-12-01T12:00:00Z' }, 'On air for 1 min 05 s'],
  [{}, 'On air'],
  [{ live: false }, 'The encoder is away'],
  [{ ended: true, live: false }, 'It has ended'],
])('%j is: %s', (change, want) => {
  expect(onAirFor(report(change), Date.parse('2026-12-01T12:01:05Z'))).toBe(want);
});

test('columns of the table of tracks', () => {
  const [v, a] = tracks(
    { ...video, keyFrameShortest: 1.5, keyFrameLongest: 4.02 },
    { ...audio, skew: -0.12 },
  );
  expect(v && [format(v), keyInterval(v), skew(v)]).toEqual(['1280 × 720', '1.5 to 4 s', '–']);
  expect(a && [format(a), keyInterval(a), skew(a)]).toEqual(['44.1 kHz, stereo', '–', '120 ms behind']);
  const [even] = tracks({ ...video, keyFrameShortest: 2, keyFrameLongest: 2.04 });
  expect(even && keyInterval(even)).toBe('2 s');
  const [early] = tracks({ ...audio, channels: 6, skew: 0.5 });
  expect(early && [format(early), skew(early)]).toEqual(['44.1 kHz, 6 channels', '500 ms ahead']);
  const [bare] = tracks({ id: 'a0', kind: 'audio' });
  expect(bare && [format(bare), skew(bare)]).toEqual(['–', 'None']);
});

test('counts', () => {
  const some = report({
    counts: { publishers: 2, periods: 3, lostSegments: 1 },
    repairs: { 'clock jumped back': 2 },
    drift: -120,
    behind: 1.5,
    window: 30,
  });
  expect(Object.fromEntries(counts(some))).toEqual({
    Publishers: '2',
    Interruptions: '2',
    'Lost segments': '1',
    'Viewers can go back': '30 s',
    'Comes late by': '1.50 s',
    'Clock of the encoder': '120 ppm slow',
    'Clock jumped back': '2 ×',
  });
  expect(Object.fromEntries(counts(report()))).toMatchObject({
    Interruptions: '0',
    'Times repaired': 'Never',
  });
});

test('news are warnings that were not there before', () => {
  const found = (...codes: string[]) =>
    report({
      findings: codes.map((code) => ({ code, level: code === 'mild' ? 'notice' : 'warning', text: code })),
    });
  const before = new Map([['/live/show/', found('late')]]);
  expect(news(before, [found('late', 'mild')])).toEqual([]);
  expect(news(before, [found('late', 'far')])).toEqual(['Warning for live/show: far']);
  expect(news(new Map(), [found('far')])).toEqual([]);
});

test('summary', () => {
  const [live, off] = [report(), report({ live: false })];
  expect(summary([])).toBe('');
  expect(summary([live])).toBe('1 stream live');
  expect(summary([live, live, off])).toBe('2 streams live, 1 off air');
  expect(summary([off])).toBe('No stream is live, 1 off air');
});

test.each([
  ['obs-output module (libobs version 30.2.3)', 'OBS 30.2.3'],
  ['Lavf59.27.100', 'ffmpeg'],
  ['FMLE/3.0', 'FMLE/3.0'],
  ['', ''],
])('the encoder %s is called %s', (encoder, want) => {
  expect(encoderName(encoder)).toBe(want);
});
