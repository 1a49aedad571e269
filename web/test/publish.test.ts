import { expect, test } from 'vitest';
import { ffmpegCommand, rtmpServer } from '../src/publish';

test('publishing is described for the host at hand', () => {
  expect(rtmpServer('[::1]')).toBe('rtmp://[::1]:1935/live');
  expect(ffmpegCommand('rtmp://tv:1935/live', 'show')).toMatch(
    /^ffmpeg -re .* -f flv rtmp:\/\/tv:1935\/live\/show$/,
  );
});
