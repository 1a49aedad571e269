import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { Parser } from 'm3u8-parser';
import { BOX, BOXES, CLOCK_FILTER, HEIGHT, RATE, readClock, WIDTH } from './clock-picture';

/** An encoder at work. */
export interface ClockPublisher {
  stop(): Promise<void>;
  /** Ends it as a crash does. */
  kill(): Promise<void>;
}

/**
 * Publishes, with ffmpeg, a picture that shows the wall clock, and a tone:
 * H.264 with a key frame every two seconds and `bFrames` B-frames in a row. The
 * picture can be `times` as wide and high, and the tone stop after `sound` seconds, or
 * be left out if that is 0.
 */
export function publishClock(url: string, bFrames: number, times = 1, sound?: number): ClockPublisher {
  const input = ['-re', '-f', 'lavfi', '-i', `testsrc2=s=${WIDTH}x${HEIGHT}:r=${RATE}`];
  const tone = sound === 0 ? [] : ['-re', '-f', 'lavfi', '-i', 'sine=sample_rate=48000'];
  const video = ['-c:v', 'libx264', '-preset', 'ultrafast', '-tune', 'zerolatency', '-bf', `${bFrames}`];
  const groups = ['-b_strategy', '0', '-g', `${2 * RATE}`, '-sc_threshold', '0', '-b:v', '500k'];
  const output = ['-c:a', 'aac', '-b:a', '64k', '-flush_packets', '1', '-f', 'flv', url];
  if (sound) {
    tone.unshift('-t', `${sound}`);
    output.unshift('-max_interleave_delta', '1000'); // else ffmpeg waits with the picture for sound
  }
  const filter = `${CLOCK_FILTER},scale=${times * WIDTH}:${times * HEIGHT}:flags=neighbor`;
  const encoder = spawn(
    'ffmpeg',
    ['-v', 'error', ...input, ...tone, '-filter_complex', filter, ...video, ...groups, ...output],
    { stdio: ['ignore', 'ignore', 'inherit'] },
  );
  const gone = once(encoder, 'exit');
  const end = async (signal: NodeJS.Signals): Promise<void> => {
    encoder.kill(signal);
    await gone;
  };
  return { stop: () => end('SIGTERM'), kill: () => end('SIGKILL') };
}

/**
 * Milliseconds from the moment a picture was drawn to the moment that its
 * PROGRAM-DATE-TIME names: what the encoder and the way to the server took when
 * the stream began. Read from the newest complete segment of a media playlist.
 */
export async function encoderDelay(playlist: string): Promise<number> {
  const parser = new Parser();
  parser.push(String(await get(playlist)));
  parser.end();
  const segment = parser.manifest.segments.findLast(({ uri, duration }) => uri && duration);
  if (!segment?.map || !segment.programDateTime) throw new Error(`${playlist} has no dated segment`);
  const files = [segment.map.uri, segment.uri].map((uri) => get(new URL(uri, playlist).href));
  const shown = readClock(boxesOf(Buffer.concat(await Promise.all(files))), segment.programDateTime);
  if (shown === null) throw new Error(`the first picture of ${segment.uri} shows no clock`);
  return segment.programDateTime - shown;
}

/** The brightness of the boxes in the first picture of an MP4 file. */
function boxesOf(file: Buffer): number[] {
  const args = [
    '-v',
    'error',
    '-i',
    'pipe:0',
    '-frames:v',
    '1',
    '-f',
    'rawvideo',
    '-pix_fmt',
    'gray',
    'pipe:1',
  ];
  const { stdout } = spawnSync('ffmpeg', args, { input: file });
  return Array.from({ length: BOXES }, (_, box) => stdout[(BOX / 2) * WIDTH + box * BOX + BOX / 2] ?? 0);
}

async function get(url: string): Promise<Buffer> {
  const response = await fetch(url);
  if (!response.ok) throw new Error(`${url}: ${response.status}`);
  return Buffer.from(await response.arrayBuffer());
}
