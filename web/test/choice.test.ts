import { describe, expect, test } from 'vitest';
import { chosen, enginesOf } from '../src/choice';

describe('the choices', () => {
  test.each([
    ['?player=dash', 'ts', 'normal', 'dash', 'normal'],
    ['?player=flash', 'ts', 'tiny', 'ts', 'low'],
    ['?latency=normal', 'both', 'low', 'both', 'normal'],
    ['?latency=none&player=hls', 'flash', 'normal', 'hls', 'normal'],
    ['', null, null, 'hls', 'low'],
  ])('%s, remembered %s and %s', (query, player, latency, wantPlayer, wantLatency) => {
    const remembered = { player, latency };
    expect(chosen(query, (name) => remembered[name])).toEqual({ player: wantPlayer, latency: wantLatency });
  });

  test('both are HLS and DASH', () => {
    expect(enginesOf('both')).toEqual(['hls', 'dash']);
    expect(enginesOf('ts')).toEqual(['ts']);
  });
});
