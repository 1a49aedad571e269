import { describe, expect, test } from 'vitest';
import { verdict } from '../src/verdict';

describe('verdict', () => {
  test.each([
    ['missing', 3000, true, 'gone'],
    ['forbidden', 3000, true, 'gone'],
    ['ended', 3000, true, 'ended'],
    ['away', 60_000, true, 'away'],
    ['unreachable', 60_000, true, 'unreachable'],
    ['live', 11_000, true, 'wait'],
    ['live', 13_000, true, 'give up'],
    ['live', 13_000, false, 'wait'],
    ['live', 21_000, false, 'give up'],
  ] as const)('%s after %i ms, shown: %s', (status, still, shown, want) => {
    expect(verdict(status, still, shown)).toBe(want);
  });
});
