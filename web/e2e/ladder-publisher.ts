import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { mediaClock, WIDTH } from './clock-picture';
import { AUDIO, publish, VIDEO } from './rtmp';

/** A rendition of the picture. */
export interface Rung {
  width: number;
  height: number;
  /** Kilobits a second. */
  rate: number;
}

/** Best first. */
export const RUNGS: readonly Rung[] = [
  { width: 640, height: 360, rate: 2400 },
  { width: 320, height: 180, rate: 1200 },
  { width: 160, height: 90, rate: 600 },
];

export const PICTURES = 25; // a second
const GROUP = 2; // seconds from one key frame to the next

/** Milliseconds after which all begins anew: a multiple of 8 s is one of the frames of AAC at 48 kHz. */
export const ROUND = 24_000;

/** What is sent over and over. */
export interface Ladder {
  /** What a track needs before its first frame. */
  begin: Message[];
  /** In the order of their times, which are below ROUND. */
  frames: Message[];
}

interface Message {
  kind: typeof AUDIO | typeof VIDEO;
  time: number; // milliseconds
  body: Buffer;
}

/**
 * Encodes, with ffmpeg, a picture that shows the time of the media, in three sizes, and a tone. Noise makes it take
 * the bit rates that real pictures do.
 */
export async function encodeLadder(): Promise<Ladder> {
  const folder = await mkdtemp(join(tmpdir(), 'sluice-ladder-'));
  try {
    const files = [...RUNGS.map(({ height }) => `${height}.flv`), 'sound.flv'].map((name) =>
      join(folder, name),
    );
    const rungs = RUNGS.flatMap(({ rate }, i) => [
      ...['-map', `[rung${i}]`, '-c:v', 'libx264', '-preset', 'veryfast', '-tune', 'zerolatency'],
      ...['-g', `${GROUP * PICTURES}`, '-keyint_min', `${GROUP * PICTURES}`, '-sc_threshold', '0'],
      ...[
        '-b:v',
        `${rate}k`,
        '-maxrate',
        `${rate}k`,
        '-bufsize',
        `${rate / 2}k`,
        '-f',
        'flv',
        files[i] ?? '',
      ],
    ]);
    const { width = WIDTH, height } = RUNGS[0] ?? {};
    const input = ['-f', 'lavfi', '-i', `testsrc2=s=${width}x${height}:r=${PICTURES}`];
    const tone = ['-f', 'lavfi', '-i', 'sine=sample_rate=48000'];
    const scales = RUNGS.map((rung, i) => `[copy${i}]scale=${rung.width}:${rung.height}[rung${i}]`);
    const copies = `split=${RUNGS.length}${RUNGS.map((_, i) => `[copy${i}]`).join('')}`;
    const filter = [`${mediaClock(width)},${copies}`, ...scales].join(';');
    const sound = ['-map', '1:a', '-c:a', 'aac', '-b:a', '64k', '-f', 'flv', files.at(-1) ?? ''];
    const length = ['-t', `${ROUND / 1000}`];
    const args = [...length, ...input, ...length, ...tone, '-filter_complex', filter, ...rungs, ...sound];
    const ffmpeg = spawn('ffmpeg', ['-nostdin', '-v', 'error', ...args], { stdio: 'inherit' });
    const [code] = (await once(ffmpeg, 'exit')) as [number | null];
    if (code !== 0) throw new Error(`ffmpeg: ${code}`);
    const tracks = await Promise.all(files.map(async (file) => [...tags(await readFile(file))]));
    const messages = tracks.flatMap((track, i) =>
      track.map((tag) => (tag.kind === VIDEO ? enhance(tag, i) : tag)),
    );
    return {
      begin: messages.filter(isHeader),
      frames: messages
        .filter((message) => !isHeader(message) && message.time < ROUND)
        .sort((a, b) => a.time - b.time),
    };
  } finally {
    await rm(folder, { recursive: true });
  }
}

/** Publishes a ladder on one connection, in real time, until it is stopped. */
export async function publishLadder(url: string, { begin, frames }: Ladder): Promise<{ stop(): void }> {
  const publication = await publish(url);
  for (const { kind, body } of begin) publication.send(kind, 0, body);
  const began = performance.now();
  let sent = 0;
  const timer = setInterval(() => {
    for (;;) {
      const frame = frames[sent % frames.length];
      if (!frame) return;
      const time = frame.time + ROUND * Math.floor(sent / frames.length);
      if (time > performance.now() - began) return;
      publication.send(frame.kind, time, frame.body);
      sent++;
    }
  }, 5);
  return {
    stop: () => {
      clearInterval(timer);
      publication.end();
    },
  };
}

const FLV_HEADER = 13; // bytes, with the size of no tag in front
const TAG_HEADER = 11;
const TAG_END = 4;

/** The messages of sound and pictures in an FLV file. */
function* tags(file: Buffer): Generator<Message> {
  for (let at = FLV_HEADER; at < file.length;) {
    const body = at + TAG_HEADER;
    const end = body + file.readUIntBE(at + 1, 3);
    const kind = file[at];
    const time = file.readUIntBE(at + 4, 3) + 2 ** 24 * file.readUInt8(at + 7);
    if ((kind === AUDIO || kind === VIDEO) && end > body)
      yield { kind, time, body: file.subarray(body, end) };
    at = end + TAG_END;
  }
}

/** Whether a message is the configuration of a track's decoder. */
function isHeader({ kind, body }: Message): boolean {
  const enhanced = kind === VIDEO;
  if (!enhanced) return body[1] === 0;
  const packet = body.readUInt8(0) & 15;
  return (packet === MULTITRACK ? body.readUInt8(1) & 15 : packet) === 0;
}

const ENHANCED = 0x80;
const MULTITRACK = 6;
const ONE_TRACK = 0;

/** A message of H.264 as Enhanced RTMP has it: that of the first track needs no number. */
function enhance({ kind, time, body }: Message, track: number): Message {
  const frame = body.readUInt8(0) & 0x70;
  const packet = body.readUInt8(1); // 0 is a sequence start and 1 are coded frames, there and here
  const data = body.subarray(packet === 0 ? 5 : 2); // a composition time belongs to a frame only
  const start = track === 0 ? [frame | packet] : [frame | MULTITRACK, (ONE_TRACK << 4) | packet];
  const number = track === 0 ? [] : [track];
  start[0] = (start[0] ?? 0) | ENHANCED;
  return {
    kind,
    time,
    body: Buffer.concat([Buffer.from(start), Buffer.from('avc1'), Buffer.from(number), data]),
  };
}
