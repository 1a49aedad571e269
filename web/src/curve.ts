import 'uplot/dist/uPlot.min.css';
import uPlot from 'uplot';
import { SPAN } from './samples';

/** How a curve looks. */
export interface Look {
  /** A line alone, as on the cards, or with axes and a cursor. */
  kind: 'spark' | 'chart';
  /** The name of a custom property of CSS. */
  color: string;
  /** The top of the scale is never lower. */
  least: number;
  /** How a value is written at the axis. */
  format: (value: number) => string;
  /** Only whole numbers have a place at the axis. */
  whole?: boolean;
  /** Told which value the cursor is at; null when it is at none. */
  point?: (at: Point | null) => void;
}

/** A value, and when it was so, in epoch milliseconds. */
export interface Point {
  time: number;
  value: number;
}

const dark = matchMedia('(prefers-color-scheme: dark)');

/** One figure over the last five minutes, as wide and high as the element that it is in. */
export class Curve {
  readonly #plot: uPlot;
  readonly #resized: ResizeObserver;
  readonly #recolored: () => void;

  constructor(holder: HTMLElement, look: Look) {
    const { clientWidth: width, clientHeight: height } = holder;
    this.#plot = new uPlot({ ...options(look), width, height }, [[], []], holder);
    this.#resized = new ResizeObserver(() => {
      this.#plot.setSize({ width: holder.clientWidth, height: holder.clientHeight });
    });
    this.#resized.observe(holder);
    this.#recolored = () => {
      this.#plot.redraw(false, true);
    };
    dark.addEventListener('change', this.#recolored);
  }

  /** Shows what is known at a time, in epoch milliseconds. */
  show([times, values]: [number[], (number | null)[]], now: number): void {
    this.#plot.batch(() => {
      this.#plot.setData([times, values], false);
      this.#plot.setScale('x', { min: now / 1000 - span(times[0], now), max: now / 1000 });
    });
  }

  destroy(): void {
    this.#resized.disconnect();
    dark.removeEventListener('change', this.#recolored);
    this.#plot.destroy();
  }
}

/** How many seconds the scale has: what is known fills it, but not less than a minute. */
function span(first: number | undefined, now: number): number {
  return Math.min(SPAN / 1000, Math.max(60, now / 1000 - (first ?? 0)));
}

function options(look: Look): Omit<uPlot.Options, 'width' | 'height'> {
  const chart = look.kind === 'chart';
  return {
    padding: chart ? [8, 8, 0, 0] : [2, 0, 0, 0],
    legend: { show: false },
    cursor: { show: chart, x: chart, y: false, drag: { x: false, y: false }, points: { size: 7 } },
    select: { show: false, left: 0, top: 0, width: 0, height: 0 },
    scales: {
      x: { time: true, auto: false },
      y: { range: (_, __, most) => [0, Math.max(look.least, (most ?? 0) * 1.15)] }, // eslint-disable-line
    },
    axes: chart ? [times(), values(look)] : [{ show: false }, { show: false }],
    series: [
      {},
      {
        stroke: () => color(look.color),
        fill: () => `${color(look.color)}22`, // they are all written #rrggbb
        width: 1.5,
        points: { show: false },
      },
    ],
    hooks: look.point ? { setCursor: [pointer(look.point)] } : {},
  };
}

function pointer(tell: NonNullable<Look['point']>): (plot: uPlot) => void {
  return ({ cursor, data }) => {
    const time = data[0][cursor.idx ?? -1];
    const value = data[1]?.[cursor.idx ?? -1];
    tell(time === undefined || value === undefined || value === null ? null : { time: time * 1000, value });
  };
}

const FONT = '11px system-ui, sans-serif';

function times(): uPlot.Axis {
  return {
    font: FONT,
    stroke: () => color('--ink-soft'),
    grid: { show: false },
    ticks: { show: false },
    size: 22,
    gap: 4,
    space: 64,
    values: (_, splits, __, ___, apart) =>
      splits.map((split) => (apart < 60 ? seconds : minutes).format(split * 1000)),
  };
}

function values(look: Look): uPlot.Axis {
  return {
    font: FONT,
    stroke: () => color('--ink-soft'),
    grid: { stroke: () => color('--line'), width: 1 },
    ticks: { show: false },
    size: 58,
    gap: 6,
    space: 34,
    ...(look.whole ? { incrs: [1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000, 10_000, 100_000] } : {}),
    values: (_, splits) => splits.map(look.format),
  };
}

const minutes = new Intl.DateTimeFormat('en-GB', { timeStyle: 'short' });
const seconds = new Intl.DateTimeFormat('en-GB', { timeStyle: 'medium' });

function color(name: string): string {
  return getComputedStyle(document.documentElement).getPropertyValue(name).trim();
}
