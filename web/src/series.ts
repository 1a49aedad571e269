/** A short history of one figure, and its line. Pure. */
export class Series {
  #values: (number | null)[] = [];
  readonly #length: number;

  constructor(length: number) {
    this.#length = length;
  }

  push(value: number | null): void {
    this.#values.push(value);
    if (this.#values.length > this.#length) this.#values.shift();
  }

  /**
   * The data of an SVG path in a box of the size given: newest value at the
   * right edge, zero at the bottom, a little more than `top` (or the largest value) at the top,
   * with a hole where a value is null.
   */
  path(width: number, height: number, top = 0): string {
    const known = this.#values.filter((v) => v !== null);
    const max = 1.15 * Math.max(top, ...known) || 1;
    const step = width / (this.#length - 1);
    const first = this.#length - this.#values.length;
    let pen = 'M';
    let path = '';
    this.#values.forEach((value, i) => {
      if (value === null) {
        pen = 'M';
        return;
      }
      const y = height * (1 - Math.max(0, value) / max);
      path += `${pen}${((first + i) * step).toFixed(1)} ${y.toFixed(1)}`;
      pen = 'L';
    });
    return path;
  }
}
