import { expect, test } from 'vitest';
import { pace } from '../src/pace';

test.each([
  ['keeps what is right', 0, 1, 1],
  ['ignores small differences', -0.9, 1, 1],
  ['slows down near the edge', -2.7, 1, 0.96],
  ['goes on slowly until nearly there', -0.5, 0.96, 0.96],
  ['ends slow playback in time', -0.1, 0.96, 1],
  ['catches up', 4, 1, 1.04],
  ['goes on quickly until nearly there', 0.5, 1.04, 1.04],
  ['ends quick playback in time', 0.1, 1.04, 1],
  ['leaves a viewer far behind alone', 40, 1.04, 1],
  ['does nothing while it knows nothing', NaN, 1.04, 1],
])('%s', (_, behind, rate, want) => {
  expect(pace(behind, rate)).toBe(want);
});
