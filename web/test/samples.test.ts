import { expect, test } from 'vitest';
import { parseStatus, type Sample } from '../src/report';
import { lineOf, merge, rangeOf, SPAN, withNow } from '../src/samples';

const [report] = parseStatus({ streams: [{ path: '/live/show/', bitrate: 900, viewers: 2 }] }).streams;

function at(...seconds: number[]): Sample[] {
  return seconds.map((s) => ({ time: 1000 * s, bitrate: 100 * s, frameRate: 25, viewers: 0 }));
}

test('what is so now comes behind what was, and what is too old goes', () => {
  if (!report) throw new Error('this is no report');
  expect(withNow(at(1, 3), report, 5000)).toEqual([
    ...at(1, 3),
    { time: 5000, bitrate: 900, frameRate: 0, viewers: 2 },
  ]);
  expect(withNow(at(1, 3), report, 3000 + SPAN - 1).map(({ time }) => time)).toEqual([3000, 2999 + SPAN]);
  expect(withNow(at(1, 3), report, 3500)).toEqual(at(1, 3)); // the same answer again
});

test('what the gateway knows is filled up by what the page saw', () => {
  expect(merge(at(3, 5), at(1, 4, 7))).toEqual(at(1, 3, 5, 7));
  expect(merge([], at(1, 2))).toEqual(at(1, 2));
  expect(merge(at(1, 2), [])).toEqual(at(1, 2));
});

test('a line has a hole where nobody looked', () => {
  expect(lineOf(at(1, 3), 'bitrate')).toEqual([
    [1, 3],
    [100, 300],
  ]);
  expect(lineOf(at(1, 11), 'bitrate')).toEqual([
    [1, 6, 11],
    [100, null, 1100],
  ]);
});

test('the range of a figure', () => {
  expect(rangeOf(at(1, 3, 2), 'bitrate')).toEqual([100, 300]);
  expect(rangeOf([], 'bitrate')).toBeNull();
});
