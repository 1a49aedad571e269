/**
 * The server's clock, seen from here: one reading is a request for the time
 * with the local times around it. Pure; all times in epoch milliseconds.
 */

/** One answer of the server. The true moment of `server` lies between `sent` and `received`. */
export interface ClockReading {
  sent: number;
  received: number;
  server: number;
}

const WINDOW = 8;

/** An estimate of (server clock - local clock) from the readings with the shortest round trip. */
export class ServerClock {
  #readings: ClockReading[] = [];

  /** Takes a reading in; nonsense (no number, a negative round trip) is ignored. */
  add(reading: ClockReading): void {
    if (!Number.isFinite(reading.server) || !(reading.received >= reading.sent)) return;
    if (this.#contradicts(reading)) this.#readings = [];
    this.#readings.push(reading);
    if (this.#readings.length > WINDOW) this.#readings.shift();
  }

  /** Server time minus local time, or null before the first reading. */
  get offset(): number | null {
    const best = this.#best();
    return best ? offsetOf(best) : null;
  }

  /** How far the offset may be off, in milliseconds: half the best round trip. */
  get uncertainty(): number | null {
    const best = this.#best();
    return best ? uncertaintyOf(best) : null;
  }

  /** The server's time at the local time given. */
  at(local: number): number | null {
    const offset = this.offset;
    return offset === null ? null : local + offset;
  }

  // A clock that was set, or a computer that slept, makes old readings false:
  // the two then differ by more than both their uncertainties allow.
  #contradicts(reading: ClockReading): boolean {
    const best = this.#best();
    if (!best) return false;
    const slack = 10; // ms, for drift and the server's rounding
    return (
      Math.abs(offsetOf(best) - offsetOf(reading)) > uncertaintyOf(best) + uncertaintyOf(reading) + slack
    );
  }

  #best(): ClockReading | undefined {
    return this.#readings.reduce<ClockReading | undefined>(
      (best, r) => (best && uncertaintyOf(best) < uncertaintyOf(r) ? best : r),
      undefined,
    );
  }
}

/** The local clock: epoch milliseconds that never step while the page is open. */
export function localNow(): number {
  return performance.timeOrigin + performance.now();
}

function offsetOf(r: ClockReading): number {
  return r.server - (r.sent + r.received) / 2;
}

function uncertaintyOf(r: ClockReading): number {
  return (r.received - r.sent) / 2;
}
