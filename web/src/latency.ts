/** Latency and buffer: the figures a viewer would measure, not those a player claims. Pure. */

/**
 * Seconds from the moment a frame came in at the server to the moment it is on
 * screen: the server's time now minus the frame's own wall clock time, both in
 * epoch milliseconds. Null while either is unknown.
 */
export function latency(serverNow: number | null, frameTime: number | null): number | null {
  return serverNow === null || frameTime === null ? null : (serverNow - frameTime) / 1000;
}

/** A stretch of buffered media, in seconds of media time. */
export interface Range {
  start: number;
  end: number;
}

// Two stretches this near (seconds) are one, rounding apart. Any wider hole stops a browser.
const SEAM = 0.01;

/** Seconds that can be played from a position without another byte. */
export function bufferAhead(ranges: readonly Range[], position: number): number {
  let end = position;
  for (const range of ranges) {
    if (range.start <= end + SEAM && range.end > end) end = range.end;
  }
  return end - position;
}

/** The buffered stretches of a media element, in order. */
export function bufferedRanges(buffered: TimeRanges): Range[] {
  return Array.from({ length: buffered.length }, (_, i) => ({
    start: buffered.start(i),
    end: buffered.end(i),
  }));
}

/** The wall clock (epoch ms) of a position in media whose time zero is the moment given (epoch ms). */
export function wallClock(mediaTime: number, zero: number): number {
  return zero + mediaTime * 1000;
}
