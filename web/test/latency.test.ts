import { describe, expect, test } from 'vitest';
import { bufferAhead, bufferedRanges, latency, wallClock } from '../src/latency';

describe('latency', () => {
  test('is the server time now minus the time of the frame, in seconds', () => {
    expect(latency(1_795_347_976_300, 1_795_347_970_050)).toBe(6.25);
  });

  test('is unknown while either time is', () => {
    expect(latency(null, 1)).toBeNull();
    expect(latency(1, null)).toBeNull();
  });

  test('of media locked to the epoch needs nothing but the position', () => {
    expect(wallClock(1_795_347_970.05, 0)).toBe(1_795_347_970_050);
    expect(wallClock(12.5, 1_795_347_970_000)).toBe(1_795_347_982_500);
  });
});

const buffers = [
  { name: 'nothing buffered', ranges: [], position: 4, ahead: 0 },
  { name: 'inside a stretch', ranges: [[2, 9]], position: 4, ahead: 5 },
  {
    name: 'a hole ends it',
    ranges: [
      [2, 6],
      [6.5, 12],
    ],
    position: 4,
    ahead: 2,
  },
  {
    name: 'a seam does not',
    ranges: [
      [2, 6],
      [6.005, 12],
    ],
    position: 4,
    ahead: 8,
  },
  { name: 'behind all stretches', ranges: [[2, 6]], position: 7, ahead: 0 },
  { name: 'before a stretch that is too far', ranges: [[2, 6]], position: 1, ahead: 0 },
  { name: 'just before a stretch', ranges: [[2, 6]], position: 1.995, ahead: 4.005 },
];

describe('bufferAhead', () => {
  test.each(buffers)('$name', ({ ranges, position, ahead }) => {
    const list = ranges.map(([start = 0, end = 0]) => ({ start, end }));
    expect(bufferAhead(list, position)).toBeCloseTo(ahead, 9);
  });

  test('reads what a media element has', () => {
    const buffered = { length: 2, start: (i: number) => i * 10, end: (i: number) => i * 10 + 5 };
    expect(bufferedRanges(buffered)).toEqual([
      { start: 0, end: 5 },
      { start: 10, end: 15 },
    ]);
  });
});
