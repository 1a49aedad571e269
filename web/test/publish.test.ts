import { expect, test } from 'vitest';
import { ffmpegCommand, parsePort, rtmpServer } from '../src/publish';

test('publishing is described for the host at hand', () => {
  expect(rtmpServer('[::1]', 1935)).toBe('rtmp://[::1]/live');
  expect(rtmpServer('tv', 19350)).toBe('rtmp://tv:19350/live');
  expect(ffmpegCommand('rtmp://tv:1935/live', 'show')).toMatch(
    /^ffmpeg -re .* -f flv rtmp:\/\/tv:1935\/live\/show$/,
  );
});

test('the port comes from the gateway', () => {
  expect(parsePort({ rtmpPort: 19350 })).toBe(19350);
  for (const nonsense of [null, [], {}, { rtmpPort: 'x' }, { rtmpPort: 0 }]) {
    expect(parsePort(nonsense)).toBe(1935);
  }
});
