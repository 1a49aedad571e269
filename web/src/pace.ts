const SLOW = 0.96;
const FAST = 1.04;
const OFF_BY = 1; // seconds off the target that start a correction
const NEAR = 0.2; // seconds that end it
const TOO_FAR = 30; // seconds behind that no patient viewer would wait for

/**
 * The playback rate that brings a live picture to its place without a jump
 * that anybody would hear. `behind` is in seconds, negative when the picture is
 * nearer to the live edge than the player wants: right after the start of a
 * stream, when there is not enough of it yet, each segment would otherwise
 * come in the moment it is needed. Pure.
 */
export function pace(behind: number, rate: number): number {
  if (Number.isNaN(behind) || behind > TOO_FAR) return 1;
  const limit = rate === 1 ? OFF_BY : NEAR;
  if (behind < -limit) return SLOW;
  if (behind > limit) return FAST;
  return 1;
}
