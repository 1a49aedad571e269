import { describe, expect, test } from 'vitest';
import { ServerClock, type ClockReading } from '../src/clock';

const reading = (sent: number, trip: number, server: number): ClockReading => ({
  sent,
  received: sent + trip,
  server,
});

const cases: { name: string; readings: ClockReading[]; offset: number | null; uncertainty: number | null }[] =
  [
    { name: 'knows nothing before the first reading', readings: [], offset: null, uncertainty: null },
    {
      name: 'takes the middle of the round trip',
      readings: [reading(1000, 100, 6050)],
      offset: 5000,
      uncertainty: 50,
    },
    {
      name: 'prefers the shortest round trip',
      readings: [reading(1000, 400, 6390), reading(2000, 20, 7010), reading(3000, 300, 8010)],
      offset: 5000,
      uncertainty: 10,
    },
    {
      name: 'starts over when a reading contradicts the others',
      readings: [reading(1000, 20, 6010), reading(2000, 20, 6010), reading(3000, 40, 67_020)],
      offset: 64_000,
      uncertainty: 20,
    },
    {
      name: 'ignores an answer that is no time',
      readings: [reading(1000, 100, 6050), reading(2000, 10, NaN)],
      offset: 5000,
      uncertainty: 50,
    },
    {
      name: 'ignores a round trip that ends before it began',
      readings: [reading(1000, -5, 6050)],
      offset: null,
      uncertainty: null,
    },
  ];

describe('ServerClock', () => {
  test.each(cases)('$name', ({ readings, offset, uncertainty }) => {
    const clock = new ServerClock();
    for (const r of readings) clock.add(r);
    expect(clock.offset).toBe(offset);
    expect(clock.uncertainty).toBe(uncertainty);
    expect(clock.at(10_000)).toBe(offset === null ? null : 10_000 + offset);
  });

  test('forgets readings that are old', () => {
    const clock = new ServerClock();
    clock.add(reading(0, 2, 1001));
    for (let i = 1; i <= 8; i++) clock.add(reading(i * 30_000, 20, i * 30_000 + 1015));
    expect(clock.offset).toBe(1005);
  });
});
