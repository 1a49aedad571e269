import { expect, test } from 'vitest';
import { Backoff } from '../src/backoff';

test('Backoff doubles up to its limit and starts over', () => {
  const backoff = new Backoff(1000, 5000);
  expect([1, 2, 3, 4].map(() => backoff.next(0))).toEqual([1000, 2000, 4000, 5000]);
  expect(backoff.next(0.5)).toBe(4500);
  backoff.reset();
  expect(backoff.next(0)).toBe(1000);
});
