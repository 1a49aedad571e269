import { expect, test } from 'vitest';
import { BitrateMeter } from '../src/bitrate';

test('BitrateMeter adds up the tracks, each over its last ten seconds', () => {
  const meter = new BitrateMeter();
  expect(meter.value).toBeNull();
  meter.add('video', 9_000_000, 2);
  for (let i = 0; i < 5; i++) meter.add('video', 500_000, 2);
  meter.add('audio', 32_000, 2);
  meter.add('audio', 0, 2);
  meter.add('audio', 32_000, 0);
  expect(meter.value).toBe(2_128_000);
});

test('BitrateMeter counts parts as it counts segments', () => {
  const meter = new BitrateMeter();
  for (let i = 0; i < 80; i++) meter.add('video', i % 8 === 0 ? 95_000 : 15_000, 0.25);
  expect(meter.value).toBe(800_000);
});
