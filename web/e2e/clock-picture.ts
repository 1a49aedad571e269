/**
 * A picture that shows the wall clock to machines: a strip of black and white
 * boxes along its upper edge spells the milliseconds since the epoch, modulo
 * PERIOD, most significant bit first, between a white box and a black one.
 */

export const WIDTH = 320;
export const HEIGHT = 180;
export const RATE = 30;

/** Side of a box, in pixels. */
export const BOX = 16;

export const BOXES = WIDTH / BOX;
const BITS = BOXES - 2;
const PERIOD = 2 ** BITS;

const BIT = `mod(floor(mod(round(T*1000),${PERIOD})/pow(2,${BITS}-X)),2)`;

/** Turns pictures into the strip, one pixel for each box; T is the time that it shows. */
const SPELL = `geq=lum='if(eq(X,0),235,if(eq(X,${BOXES - 1}),16,16+219*${BIT}))':cb=128:cr=128`;
const PIXELS = `scale=${BOXES}:1,format=yuv420p,settb=1/1000`;

/**
 * Lays the strip over the pictures of ffmpeg's first input: each gets the time
 * at which it passes.
 */
export const CLOCK_FILTER = [
  '[0:v]split[picture][clock]',
  `[clock]${PIXELS},setpts=RTCTIME/1000,${SPELL},` +
    `setpts=N*1000/${RATE},scale=${WIDTH}:${BOX}:flags=neighbor[strip]`,
  '[picture][strip]overlay,format=yuv420p',
].join(';');

/**
 * Lays the strip over pictures of a width, with noise on them: each gets its own time, and
 * not that of the wall.
 */
export function mediaClock(width: number): string {
  return [
    '[0:v]noise=alls=24:allf=t,split[picture][clock]',
    `[clock]${PIXELS},${SPELL},scale=${width}:${(width / WIDTH) * BOX}:flags=neighbor[strip]`,
    '[picture][strip]overlay,format=yuv420p',
  ].join(';');
}

/**
 * The time that the boxes show, by the brightness (0 to 255) in the middle of
 * each, as the moment nearest to `now`; null when they show no clock.
 */
export function readClock(boxes: readonly number[], now: number): number | null {
  const doubtful = boxes.length !== BOXES || boxes.some((luma) => luma > 80 && luma < 170);
  const spelled = boxes.map((luma) => (luma > 128 ? '1' : '0')).join('');
  if (doubtful || !spelled.startsWith('1') || !spelled.endsWith('0')) return null;
  const ahead = parseInt(spelled.slice(1, -1), 2) - (Math.round(now) % PERIOD);
  return Math.round(now) + ahead - PERIOD * Math.round(ahead / PERIOD);
}
