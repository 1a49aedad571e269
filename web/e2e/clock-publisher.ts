import { spawn, spawnSync, type ChildProcessByStdio } from 'node:child_process';
import { once } from 'node:events';
import { pipeline, Transform, type Readable, type TransformCallback, type Writable } from 'node:stream';
import { Parser } from 'm3u8-parser';
import { BOX, BOXES, CLOCK_FILTER, HEIGHT, RATE, readClock, WIDTH } from './clock-picture';

/** An encoder at work. */
export interface ClockPublisher {
  stop(): Promise<void>;
  /** Ends it as a crash does. */
  kill(): Promise<void>;
}

/** What a publisher sends. */
export interface ClockSettings {
  /** B-frames in a row; none by default. */
  bFrames?: number;
  /** Pictures a second. */
  rate?: number;
  /** How many times as wide and high the picture is. */
  times?: number;
  /** Seconds after which sound stops; 0 for none at all. */
  sound?: number;
  /** Seconds from and to which no picture is sent, while sound goes on. */
  dark?: [number, number];
}

/** Publishes, with ffmpeg, a picture that shows the wall clock, with a key frame every two seconds, and a tone. */
export function publishClock(url: string, settings: ClockSettings = {}): ClockPublisher {
  const { bFrames = 0, rate = RATE, times = 1, sound, dark } = settings;
  const input = ['-re', '-f', 'lavfi', '-i', `testsrc2=s=${WIDTH}x${HEIGHT}:r=${RATE}`];
  const tone = sound === 0 ? [] : ['-re', '-f', 'lavfi', '-i', 'sine=sample_rate=48000'];
  const video = ['-c:v', 'libx264', '-preset', 'ultrafast', '-tune', 'zerolatency', '-bf', `${bFrames}`];
  const groups = ['-b_strategy', '0', '-g', `${2 * rate}`, '-sc_threshold', '0', '-b:v', '500k'];
  const pace = rate === RATE ? [] : ['-r', `${rate}`];
  const codecs = [...video, ...pace, ...groups, '-c:a', 'aac', '-b:a', '64k'];
  const output = ['-flush_packets', '1', '-f', 'flv'];
  if (sound) {
    tone.unshift('-t', `${sound}`);
    output.unshift(...UNEVEN);
  }
  const filter = `${CLOCK_FILTER},scale=${times * WIDTH}:${times * HEIGHT}:flags=neighbor`;
  const encode = [...input, ...tone, '-filter_complex', filter, ...codecs, ...output];
  if (!dark) return controlled([ffmpeg([...encode, url])]);

  const encoder = ffmpeg([...encode, 'pipe:1']);
  const sender = ffmpeg(['-i', 'pipe:0', '-c', 'copy', ...UNEVEN, ...output, url]);
  const ends = (): void => undefined; // a pipe breaks when one of the two is killed
  pipeline(encoder.stdout, new Darkness(...dark), sender.stdin, ends);
  return controlled([sender, encoder]);
}

/** Has ffmpeg send what it has of one track while there is nothing of another. */
const UNEVEN = ['-max_interleave_delta', '1000'];

type Ffmpeg = ChildProcessByStdio<Writable, Readable, null>;

function ffmpeg(args: string[]): Ffmpeg {
  return spawn('ffmpeg', ['-nostdin', '-v', 'error', ...args], { stdio: ['pipe', 'pipe', 'inherit'] });
}

/** Processes that publish together, the one that is connected first. */
function controlled(processes: Ffmpeg[]): ClockPublisher {
  const gone = Promise.all(processes.map((process) => once(process, 'exit')));
  const end = async (signal: NodeJS.Signals): Promise<void> => {
    for (const process of processes) process.kill(signal);
    await gone;
  };
  return { stop: () => end('SIGTERM'), kill: () => end('SIGKILL') };
}

const FLV_HEADER = 13; // bytes, with the size of no tag in front
const TAG_HEADER = 11;
const TAG_END = 4;
const VIDEO = 9;

/** Leaves tags of video out of an FLV file, from and to a time in seconds. */
class Darkness extends Transform {
  readonly #from: number;
  readonly #to: number;
  #rest = Buffer.alloc(0);
  #begun = false;

  constructor(from: number, to: number) {
    super();
    this.#from = from;
    this.#to = to;
  }

  override _transform(chunk: Buffer, _: BufferEncoding, done: TransformCallback): void {
    this.#rest = Buffer.concat([this.#rest, chunk]);
    for (let length = this.#next(); length > 0 && this.#rest.length >= length; length = this.#next()) {
      if (!this.#begun || !this.#dark()) this.push(this.#rest.subarray(0, length));
      this.#begun = true;
      this.#rest = this.#rest.subarray(length);
    }
    done();
  }

  /** Bytes of what comes next, 0 while that is not known. */
  #next(): number {
    if (!this.#begun) return FLV_HEADER;
    return this.#rest.length < TAG_HEADER ? 0 : TAG_HEADER + this.#rest.readUIntBE(1, 3) + TAG_END;
  }

  #dark(): boolean {
    const seconds = this.#rest.readUIntBE(4, 3) / 1000;
    return this.#rest[0] === VIDEO && seconds >= this.#from && seconds < this.#to;
  }
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
