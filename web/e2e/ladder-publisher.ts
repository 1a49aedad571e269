import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { mediaClock, WIDTH } from './clock-picture';
import { AUDIO, publish, VIDEO, type Publication } from './rtmp';

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

/** Frames that are sent at once when this process had no time: those of several publishers stay side by side. */
const BURST = 8;

/** How far the clocks of two publishers are apart, in milliseconds: each counts from where it likes. */
const CLOCKS_APART = 123_457;

/** What is sent over and over. */
export interface Ladder {
  /** Of the renditions of the picture, best first. */
  rungs: Track[];
  sound: Track;
}

interface Track {
  /** What it needs before its first frame. */
  header: Message;
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
    const soundFile = join(folder, 'sound.flv');
    const files = RUNGS.map(({ height }) => join(folder, `${height}.flv`));
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
    const sound = ['-map', '1:a', '-c:a', 'aac', '-b:a', '64k', '-f', 'flv', soundFile];
    const length = ['-t', `${ROUND / 1000}`];
    const args = [...length, ...input, ...length, ...tone, '-filter_complex', filter, ...rungs, ...sound];
    const ffmpeg = spawn('ffmpeg', ['-nostdin', '-v', 'error', ...args], { stdio: 'inherit' });
    const [code] = (await once(ffmpeg, 'exit')) as [number | null];
    if (code !== 0) throw new Error(`ffmpeg: ${code}`);
    const read = async (file: string) => trackOf([...tags(await readFile(file))]);
    return { rungs: await Promise.all(files.map(read)), sound: await read(soundFile) };
  } finally {
    await rm(folder, { recursive: true });
  }
}

/** Publishes a ladder on one connection, in real time, until it is stopped. */
export async function publishTogether(url: string, { rungs, sound }: Ladder): Promise<{ stop(): void }> {
  const tracks = rungs.map(({ header, frames }, i) => ({
    header: enhance(header, i),
    frames: frames.map((frame) => enhance(frame, i)),
  }));
  return repeat(await publish(url), [...tracks, sound], 0);
}

/** Publishes each rung of a ladder on a connection of its own, with the sound, and with a clock of its own. */
export async function publishApart(urls: string[], ladder: Ladder): Promise<{ stop(): void }> {
  const began = performance.now();
  const publishers = await Promise.all(urls.map((url, i) => publishRung(url, ladder, i, began)));
  return {
    stop: () => {
      for (const publisher of publishers) publisher.stop();
    },
  };
}

/**
 * Publishes one rung of a ladder as `publishApart` does. All that have begun at the same moment, by
 * performance.now(), show the same at all times, whenever they connect.
 */
export async function publishRung(
  url: string,
  { rungs, sound }: Ladder,
  rung: number,
  began: number,
): Promise<{ stop(): void }> {
  return repeat(await publish(url), [...rungs.slice(rung, rung + 1), sound], rung * CLOCKS_APART, began);
}

/**
 * Sends tracks in real time, over and over; `clock` is what the publisher's clock said when it began. What
 * was to be sent before it connected is not, up to a key frame.
 */
function repeat(
  publication: Publication,
  tracks: Track[],
  clock: number,
  began = performance.now(),
): { stop(): void } {
  for (const { header } of tracks) publication.send(header.kind, clock, header.body);
  const frames = tracks.flatMap((track) => track.frames).sort((a, b) => a.time - b.time);
  const group = 1000 * GROUP;
  const first = group * Math.ceil((performance.now() - began) / group);
  let sent =
    frames.length * Math.floor(first / ROUND) + frames.findIndex(({ time }) => time >= first % ROUND);
  const timer = setInterval(() => {
    for (let burst = 0; burst < BURST; burst++) {
      const frame = frames[sent % frames.length];
      if (!frame) return;
      const time = frame.time + ROUND * Math.floor(sent / frames.length);
      if (time > performance.now() - began) return;
      publication.send(frame.kind, clock + time, frame.body);
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

const HEADER = 0; // what the second byte of a message of AVC or AAC says of it
const FRAME = 1;

function trackOf(messages: Message[]): Track {
  const header = messages.find(({ body }) => body[1] === HEADER);
  if (!header) throw new Error('ffmpeg made a file without a track');
  return { header, frames: messages.filter(({ time, body }) => body[1] === FRAME && time < ROUND) };
}

const ENHANCED = 0x80;
const MULTITRACK = 6;
const ONE_TRACK = 0;

/** A message of H.264 as Enhanced RTMP has it: that of the first track needs no number. */
function enhance({ kind, time, body }: Message, track: number): Message {
  const frame = body.readUInt8(0) & 0x70;
  const packet = body.readUInt8(1); // the numbers of a sequence start and of coded frames are the same there
  const data = body.subarray(packet === HEADER ? 5 : 2); // a composition time belongs to a frame only
  const start = track === 0 ? [frame | packet] : [frame | MULTITRACK, (ONE_TRACK << 4) | packet];
  const number = track === 0 ? [] : [track];
  start[0] = (start[0] ?? 0) | ENHANCED;
  return {
    kind,
    time,
    body: Buffer.concat([Buffer.from(start), Buffer.from('avc1'), Buffer.from(number), data]),
  };
}
