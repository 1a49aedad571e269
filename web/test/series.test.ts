import { expect, test } from 'vitest';
import { Series } from '../src/series';

test('Series draws its values from the right, with holes', () => {
  const series = new Series(5);
  for (const value of [9, 0, null, 4, 2.3]) series.push(value);
  series.push(1.15);
  expect(series.path(40, 10, 0)).toBe('M0.0 10.0M20.0 1.3L30.0 5.0L40.0 7.5');
});
