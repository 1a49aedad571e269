import { expect, test } from 'vitest';
import { BOXES, readClock } from '../e2e/clock-picture';

const drawn = 1_795_347_970_123;

function boxes(time: number): number[] {
  const bits = (time % 2 ** (BOXES - 2)).toString(2).padStart(BOXES - 2, '0');
  return Array.from(`1${bits}0`, (bit) => (bit === '1' ? 231 : 22));
}

test.each([0, 1, 1450, -300, 100_000])('a clock read %i ms after it was drawn', (later) => {
  expect(readClock(boxes(drawn), drawn + later)).toBe(drawn);
});

test('what is no clock is not read', () => {
  expect(readClock(boxes(drawn).with(0, 16), drawn)).toBeNull();
  expect(readClock(boxes(drawn).with(BOXES - 1, 235), drawn)).toBeNull();
  expect(readClock(boxes(drawn).with(5, 125), drawn)).toBeNull();
  expect(readClock([], drawn)).toBeNull();
});
