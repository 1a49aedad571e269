import { describe, expect, test } from 'vitest';
import { StallMeter, type Moment } from '../src/stalls';

type Step = [at: number, type: Moment['type'], position: number];

// A second of playback that has started: what every stall needs before it.
const started: Step[] = [
  [0, 'playing', 10],
  [250, 'timeupdate', 10.25],
  [500, 'timeupdate', 10.5],
  [1000, 'timeupdate', 11],
];

const cases: { name: string; steps: Step[]; count: number; total: number; end: number }[] = [
  { name: 'counts nothing while all is well', steps: started, count: 0, total: 0, end: 1200 },
  {
    name: 'does not count what happens before playback started',
    steps: [
      [0, 'waiting', 0],
      [100, 'playing', 10],
      [200, 'timeupdate', 10.1],
      [300, 'waiting', 10.1],
      [2000, 'playing', 10.1],
    ],
    count: 0,
    total: 0,
    end: 2000,
  },
  {
    name: 'lasts from waiting until playing',
    steps: [...started, [1100, 'waiting', 11.1], [1600, 'playing', 11.1], [1800, 'timeupdate', 11.3]],
    count: 1,
    total: 500,
    end: 3000,
  },
  {
    name: 'ends when the position moves without a playing',
    steps: [...started, [1100, 'waiting', 11], [1400, 'timeupdate', 11], [1700, 'timeupdate', 11.2]],
    count: 1,
    total: 600,
    end: 3000,
  },
  {
    name: 'counts a second waiting in the same stall once',
    steps: [...started, [1100, 'waiting', 11], [1300, 'waiting', 11], [1500, 'playing', 11]],
    count: 1,
    total: 400,
    end: 3000,
  },
  {
    name: 'goes on through the nudge of a player',
    steps: [
      ...started,
      [1100, 'waiting', 11],
      [1500, 'seeking', 11.1],
      [1510, 'timeupdate', 11.1],
      [1520, 'seeked', 11.1],
      [2100, 'playing', 11.1],
    ],
    count: 1,
    total: 1000,
    end: 3000,
  },
  {
    name: 'does not count the waiting of a seek',
    steps: [
      ...started,
      [1100, 'seeking', 40],
      [1110, 'waiting', 40],
      [1900, 'seeked', 40],
      [1910, 'playing', 40],
    ],
    count: 0,
    total: 0,
    end: 2000,
  },
  {
    name: 'counts a picture that stands still without an event, from when it stood still',
    steps: [
      ...started,
      [1500, 'tick', 11],
      [2000, 'tick', 11],
      [2500, 'tick', 11],
      [3000, 'timeupdate', 11.1],
    ],
    count: 1,
    total: 2000,
    end: 4000,
  },
  {
    name: 'does not count a pause',
    steps: [...started, [1100, 'pause', 11], [9000, 'tick', 11], [9500, 'playing', 11]],
    count: 0,
    total: 0,
    end: 9500,
  },
  {
    name: 'ends with a pause',
    steps: [...started, [1100, 'waiting', 11], [1400, 'pause', 11], [5000, 'tick', 11]],
    count: 1,
    total: 300,
    end: 6000,
  },
  {
    name: 'does not count the end of the stream',
    steps: [...started, [1100, 'ended', 11], [9000, 'tick', 11]],
    count: 0,
    total: 0,
    end: 9000,
  },
  {
    name: 'does not count the wait for the news that it has ended',
    steps: [...started, [1100, 'waiting', 11], [2900, 'ended', 11], [9000, 'tick', 11]],
    count: 0,
    total: 0,
    end: 9000,
  },
  {
    name: 'counts a player that is built anew',
    steps: [...started, [1100, 'emptied', 0], [1200, 'timeupdate', 0], [2600, 'playing', 12]],
    count: 1,
    total: 1500,
    end: 4000,
  },
  {
    name: 'counts the stall under way',
    steps: [
      ...started,
      [1100, 'waiting', 11],
      [1300, 'playing', 11],
      [1600, 'timeupdate', 11.3],
      [2000, 'waiting', 11.7],
    ],
    count: 2,
    total: 900,
    end: 2700,
  },
];

describe('StallMeter', () => {
  test.each(cases)('$name', ({ steps, count, total, end }) => {
    const meter = new StallMeter();
    for (const [at, type, position] of steps) meter.on({ at, type, position });
    expect({ count: meter.count, total: meter.total(end) }).toEqual({ count, total });
  });

  test('takes the stall under way back when the stream turns out to be over', () => {
    const meter = new StallMeter();
    const steps: Step[] = [...started, [1100, 'waiting', 11]];
    for (const [at, type, position] of steps) meter.on({ at, type, position });
    expect(meter.stalled).toBe(true);
    expect(meter.current(4100)).toBe(3000);
    meter.withdraw();
    meter.on({ at: 9000, type: 'tick', position: 11 });
    expect({ count: meter.count, total: meter.total(9000), stalled: meter.stalled }).toEqual({
      count: 0,
      total: 0,
      stalled: false,
    });
  });
});
