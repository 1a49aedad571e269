import { describe, expect, test } from 'vitest';
import { fullName, levelOf, parseStatus, parseStreamStatus, type Finding } from '../src/report';

// As the gateway says it.
const track = {
  id: 'v0',
  kind: 'video',
  codec: 'H.264',
  codecs: 'avc1.64001E',
  bitrate: 281624,
  width: 640,
  height: 360,
  frameRate: 30,
  keyFrameShortest: 2,
  keyFrameLongest: 2,
  reorder: 0.033,
};
const finding = {
  code: 'b-frames',
  level: 'notice',
  track: 'v0',
  text: 'pictures come in another order',
  advice: 'turn B-frames off',
  since: '2026-12-01T12:05:32.473Z',
};
const report = {
  app: 'live',
  name: 'show',
  path: '/live/show/',
  started: '2026-12-01T12:05:30.434Z',
  live: true,
  ended: false,
  ready: true,
  viewers: 3,
  bitrate: 383375,
  frameRate: 30,
  tracks: [track],
  drift: -12.5,
  behind: 0.2,
  window: 30,
  counts: { publishers: 2, periods: 3, lostSegments: 1, narrowed: 0 },
  repairs: { 'clock jumped back': 2, none: 0 },
  findings: [finding],
};
const event = { time: '2026-12-01T12:05:30Z', stream: 'live/show', kind: 'start', text: 'on air' };

test('reads a report', () => {
  const [read] = parseStatus({ streams: [report] }).streams;
  expect(read).toEqual({
    app: 'live',
    name: 'show',
    path: '/live/show/',
    phase: 'live',
    started: Date.parse(report.started),
    viewers: 3,
    bitrate: 383375,
    frameRate: 30,
    tracks: [
      { ...track, language: '', title: '', sampleRate: null, channels: null, skew: 0, leftOut: false },
    ],
    findings: [{ ...finding, since: Date.parse(finding.since) }],
    repairs: [['clock jumped back', 2]],
    publishers: 2,
    periods: 3,
    lostSegments: 1,
    drift: -12.5,
    behind: 0.2,
    window: 30,
    encoder: '',
    standby: false,
    history: [],
  });
  expect(read && fullName(read)).toBe('live/show');
});

test('reads who publishes, who stands by, and what was before', () => {
  const status = parseStreamStatus({
    ...report,
    publisher: { encoder: 'FMLE/3.0', since: report.started },
    standby: true,
    history: [
      { time: '2026-12-01T12:05:30Z', bitrate: 1000, frameRate: 25, viewers: 1 },
      { time: 'never' },
      7,
    ],
    events: [event],
  });
  expect(status?.report).toMatchObject({ encoder: 'FMLE/3.0', standby: true });
  expect(status?.report.history).toEqual([
    { time: Date.parse('2026-12-01T12:05:30Z'), bitrate: 1000, frameRate: 25, viewers: 1 },
  ]);
  expect(status?.events).toEqual([{ ...event, time: Date.parse(event.time) }]);
});

test.each([
  [{}, 'live'],
  [{ ready: false }, 'starting'],
  [{ live: false }, 'away'],
  [{ live: false, ended: true }, 'ended'],
])('%j is %s', (change, phase) => {
  expect(parseStatus({ streams: [{ ...report, ...change }] }).streams[0]?.phase).toBe(phase);
});

describe('what is not what it should be', () => {
  test.each([
    ['no status', 7],
    ['null', null],
    ['no list', { streams: {} }],
    ['streams that are none', { streams: [null, 7, 'x', {}] }],
    ['another host', { streams: [{ ...report, path: '//example.com/' }] }],
    ['a scheme', { streams: [{ ...report, path: 'javascript:alert(1)' }] }],
  ])('%s', (_, json) => {
    expect(parseStatus(json)).toEqual({ streams: [], events: null });
  });

  test('figures and texts', () => {
    const odd = {
      path: '/a/b/',
      bitrate: '9',
      viewers: -1,
      drift: NaN,
      tracks: [{ id: '../x' }],
      findings: [{}],
    };
    expect(parseStatus({ streams: [odd] }).streams[0]).toMatchObject({
      name: '',
      bitrate: null,
      viewers: 0,
      drift: 0,
      tracks: [],
      findings: [],
    });
  });

  test('events', () => {
    expect(parseStatus({ events: [event, {}, null] }).events).toHaveLength(1);
    expect(parseStatus({ events: [] }).events).toEqual([]);
  });

  test('one stream', () => {
    expect(parseStreamStatus({ events: [] })).toBeNull();
  });
});

test('the worst finding is how bad it is', () => {
  const of = (...levels: Finding['level'][]) => levelOf(levels.map((level) => ({ level }) as Finding));
  expect([of(), of('notice'), of('notice', 'warning')]).toEqual(['ok', 'notice', 'warning']);
});
