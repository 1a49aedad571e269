import { expect, test } from 'vitest';
import { explainDash, explainHls } from '../src/players/explain';

test('errors are put in words', () => {
  expect(explainHls('manifestLoadError')).toBe('The playlist could not be loaded.');
  expect(explainHls('manifestIncompatibleCodecsError')).toBe('This browser cannot decode the stream.');
  expect(explainHls('fragLoadTimeOut')).toBe('A part of the stream could not be loaded.');
  expect(explainHls('bufferAppendError')).toBe('A part of the stream could not be played.');
  expect(explainHls('unknown')).toBe('The player gave up.');
  expect(explainDash(25)).toBe('The manifest could not be loaded.');
  expect(explainDash(99)).toBe('The player gave up.');
});
