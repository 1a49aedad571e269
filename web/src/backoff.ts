/** Growing pauses between attempts: doubled each time up to a limit, started over after a success. */
export class Backoff {
  #attempts = 0;

  readonly #first: number;
  readonly #limit: number;

  constructor(first = 1000, limit = 15_000) {
    this.#first = first;
    this.#limit = limit;
  }

  /**
   * The next pause in milliseconds. `random` is in [0, 1): up to a fifth is
   * taken off, so that the viewers of one stream do not come back as one.
   */
  next(random = Math.random()): number {
    const pause = Math.min(this.#limit, this.#first * 2 ** this.#attempts);
    this.#attempts++;
    return Math.round(pause * (1 - random / 5));
  }

  reset(): void {
    this.#attempts = 0;
  }
}
