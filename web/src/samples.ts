import type { Report, Sample } from './report';

/** How far back curves go, in milliseconds: the gateway keeps as much. */
export const SPAN = 300_000;

const APART = 7000; // ms between two samples from which on there is a hole

/** The figures of a stream that have a curve. */
export type Figure = 'bitrate' | 'frameRate' | 'viewers';

/** Samples with what a report says now behind them, and without what is too old. Pure. */
export function withNow(samples: readonly Sample[], report: Report, now: number): Sample[] {
  const { bitrate, frameRate, viewers } = report;
  const last = samples.at(-1);
  const kept = samples.filter(({ time }) => time > now - SPAN && time <= now);
  if (last && now - last.time < 1000) return kept;
  return [...kept, { time: now, bitrate: bitrate ?? 0, frameRate: frameRate ?? 0, viewers }];
}

/** The samples of two sources in order, those of the first where both have some. Pure. */
export function merge(first: readonly Sample[], second: readonly Sample[]): Sample[] {
  const start = first[0]?.time ?? Infinity;
  const end = first.at(-1)?.time ?? Infinity;
  return [...second.filter(({ time }) => time < start), ...first, ...second.filter(({ time }) => time > end)];
}

/** One figure as uPlot has it: seconds, and values with a null where nobody looked for a while. Pure. */
export function lineOf(
  samples: readonly Sample[],
  figure: Figure,
): [times: number[], values: (number | null)[]] {
  const times: number[] = [];
  const values: (number | null)[] = [];
  let last = Infinity;
  for (const sample of samples) {
    if (sample.time - last > APART) {
      times.push((last + sample.time) / 2000);
      values.push(null);
    }
    last = sample.time;
    times.push(sample.time / 1000);
    values.push(sample[figure]);
  }
  return [times, values];
}

/** The least and the most of a figure; null when there is none. Pure. */
export function rangeOf(samples: readonly Sample[], figure: Figure): [least: number, most: number] | null {
  const values = samples.map((sample) => sample[figure]);
  return values.length === 0 ? null : [Math.min(...values), Math.max(...values)];
}
