import type { Curve, Look, Point } from './curve';
import { one, setText } from './dom';
import { formatBitrate, formatCount, formatFrameRate } from './format';
import type { Report, Sample } from './report';
import { lineOf, rangeOf, type Figure } from './samples';

/** Figures in the order in which they stand, and what is said of them. */
export const FIGURES: Record<
  Figure,
  { name: string; least: number; whole: boolean; format: (value: number | null) => string }
> = {
  bitrate: { name: 'Bitrate', least: 1000, whole: false, format: formatBitrate },
  frameRate: { name: 'Frame rate', least: 1, whole: false, format: formatFrameRate },
  viewers: { name: 'Viewers', least: 4, whole: true, format: (value) => formatCount(value ?? 0) },
};

const COLORS: Record<Figure, string> = { bitrate: '--curve-1', frameRate: '--curve-2', viewers: '--curve-3' };

/** Figures of a stream with their curves; the code that draws is loaded when the first one is to be seen. */
export class Figures {
  readonly #root: HTMLElement;
  readonly #kind: Look['kind'];
  readonly #curves = new Map<Figure, Curve>();
  #pointed: Figure | null = null;
  #report: Report | null = null;
  #gone = false;

  /** The root has for each figure an element `data-{figure}`, and one with `data-{figure}-curve`. */
  constructor(root: HTMLElement, kind: Look['kind']) {
    this.#root = root;
    this.#kind = kind;
  }

  /** Shows what is so now. */
  tell(report: Report): void {
    this.#report = report;
    for (const figure of all()) {
      if (figure !== this.#pointed) this.#set(figure, FIGURES[figure].format(report[figure]));
    }
  }

  /** Draws the curves. */
  async draw(samples: readonly Sample[], now: number): Promise<void> {
    const { Curve } = await import('./curve');
    if (this.#gone) return;
    for (const figure of all()) {
      const holder = this.#holder(figure);
      if (holder.clientWidth === 0) continue; // it is not to be seen
      const curve = this.#curves.get(figure) ?? new Curve(holder, this.#look(figure));
      this.#curves.set(figure, curve);
      curve.show(lineOf(samples, figure), now);
      holder.setAttribute('aria-label', described(figure, samples));
    }
  }

  destroy(): void {
    this.#gone = true;
    for (const curve of this.#curves.values()) curve.destroy();
    this.#curves.clear();
  }

  #look(figure: Figure): Look {
    const { format, least, whole } = FIGURES[figure];
    return {
      kind: this.#kind,
      color: COLORS[figure],
      least,
      whole,
      format: (value) => (value === 0 ? '0' : format(value)),
      ...(this.#kind === 'chart' && {
        point: (at) => {
          this.#point(figure, at);
        },
      }),
    };
  }

  /** Shows the value under the cursor in place of the one of now. */
  #point(figure: Figure, at: Point | null): void {
    this.#pointed = at ? figure : null;
    const when = one(this.#root, `[data-${attribute(figure)}-at]`, HTMLElement);
    setText(when, at ? `at ${new Date(at.time).toLocaleTimeString('en-GB')}` : '');
    this.#set(figure, FIGURES[figure].format(at ? at.value : (this.#report?.[figure] ?? null)));
  }

  #set(figure: Figure, text: string): void {
    setText(one(this.#root, `[data-${attribute(figure)}]`, HTMLElement), text);
  }

  #holder(figure: Figure): HTMLElement {
    return one(this.#root, `[data-${attribute(figure)}-curve]`, HTMLElement);
  }
}

function described(figure: Figure, samples: readonly Sample[]): string {
  const { name, format } = FIGURES[figure];
  const range = rangeOf(samples, figure);
  if (!range) return `${name}: nothing is known yet`;
  return `${name} lately: from ${format(range[0])} to ${format(range[1])}`;
}

function all(): Figure[] {
  return Object.keys(FIGURES) as Figure[];
}

/** frameRate is frame-rate in HTML. */
function attribute(figure: Figure): string {
  return figure.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
}
