import { expect, test } from 'vitest';
import { ffmpegCommand, parsePorts, rtmpServer } from '../src/publish';

test('publishing is described for the host at hand', () => {
  expect(rtmpServer('[::1]', { rtmp: 1935, rtmps: 0 })).toBe('rtmp://[::1]/live');
  expect(rtmpServer('tv', { rtmp: 19350, rtmps: 0 })).toBe('rtmp://tv:19350/live');
  expect(ffmpegCommand('rtmp://tv:1935/live', 'show')).toMatch(
    /^ffmpeg -re .* -f flv rtmp:\/\/tv:1935\/live\/show$/,
  );
});

test('publishing is in TLS where there is any', () => {
  expect(rtmpServer('tv', { rtmp: 1935, rtmps: 443 })).toBe('rtmps://tv/live');
  expect(rtmpServer('tv', { rtmp: 1935, rtmps: 1936 })).toBe('rtmps://tv:1936/live');
});

test('the ports come from the gateway', () => {
  expect(parsePorts({ rtmpPort: 19350 })).toEqual({ rtmp: 19350, rtmps: 0 });
  expect(parsePorts({ rtmpPort: 19350, rtmpsPort: 1936 })).toEqual({ rtmp: 19350, rtmps: 1936 });
  for (const nonsense of [null, [], {}, { rtmpPort: 'x' }, { rtmpPort: 0, rtmpsPort: -1 }]) {
    expect(parsePorts(nonsense)).toEqual({ rtmp: 1935, rtmps: 0 });
  }
});
