import { visible } from './feed';
import { sleep } from './sleep';

const IDLE = 400; // ms between two looks for who is next
const AGAIN = 10_000; // ms until it is somebody's turn again
const SOON = 2500; // the same where there was nothing yet

/** Something that costs, done for what is in view: true when it was done, false when it could not be yet. */
export type Turn = () => Promise<boolean>;

/** Has what is in view take turns, one after the other, each every ten seconds, and none while nobody looks. */
export class Turns {
  readonly #next = new Map<Element, { turn: Turn; at: number }>();
  readonly #inView = new Set<Element>();
  readonly #observer = new IntersectionObserver((entries) => {
    for (const { target, isIntersecting } of entries) {
      if (isIntersecting) this.#inView.add(target);
      else this.#inView.delete(target);
    }
  });

  constructor() {
    void this.#run();
  }

  add(element: Element, turn: Turn): void {
    this.#next.set(element, { turn, at: 0 });
    this.#observer.observe(element);
  }

  remove(element: Element): void {
    this.#next.delete(element);
    this.#inView.delete(element);
    this.#observer.unobserve(element);
  }

  inView(element: Element): boolean {
    return this.#inView.has(element);
  }

  async #run(): Promise<never> {
    const { signal } = new AbortController();
    for (;;) {
      await visible();
      const next = this.#due();
      if (next) next.at = performance.now() + ((await succeeds(next.turn)) ? AGAIN : SOON);
      else await sleep(IDLE, signal);
    }
  }

  #due(): { turn: Turn; at: number } | undefined {
    const now = performance.now();
    return [...this.#inView]
      .flatMap((element) => this.#next.get(element) ?? [])
      .filter(({ at }) => at <= now)
      .sort((a, b) => a.at - b.at)[0];
  }
}

async function succeeds(turn: Turn): Promise<boolean> {
  try {
    return await turn();
  } catch {
    return false; // what it needs may be there the next time
  }
}
