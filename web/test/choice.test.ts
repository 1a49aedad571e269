import { describe, expect, test } from 'vitest';
import { chosen, enginesOf } from '../src/choice';

describe('the choice of player', () => {
  test.each([
    ['?player=dash', 'ts', 'dash'],
    ['?player=flash', 'ts', 'ts'],
    ['', 'both', 'both'],
    ['', 'flash', 'hls'],
    ['', null, 'hls'],
  ])('%s, remembered %s', (query, remembered, want) => {
    expect(chosen(query, remembered)).toBe(want);
  });

  test('both are HLS and DASH', () => {
    expect(enginesOf('both')).toEqual(['hls', 'dash']);
    expect(enginesOf('ts')).toEqual(['ts']);
  });
});
