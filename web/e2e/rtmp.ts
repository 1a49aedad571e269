import { once } from 'node:events';
import { connect, type Socket } from 'node:net';

/** A stream that is published over RTMP, message by message. */
export interface Publication {
  /** Sends the body of a message of sound or pictures, at a time in milliseconds. */
  send(kind: typeof AUDIO | typeof VIDEO, time: number, body: Buffer): void;
  /** Ends it as a crash does. */
  end(): void;
}

export const AUDIO = 8;
export const VIDEO = 9;
const COMMAND = 20;
const SET_CHUNK_SIZE = 1;

const HANDSHAKE = 1536; // bytes of C1, S1, C2 and S2
const ONE_CHUNK = 1 << 20; // bytes: more than any message has
const STREAM = 1; // what a server calls the first message stream

/** Connects to rtmp://host:port/app/name and publishes, as an encoder that may send several tracks. */
export async function publish(url: string): Promise<Publication> {
  const { hostname, port, pathname } = new URL(url);
  const [, app = '', name = ''] = pathname.split('/');
  const socket = connect(Number(port), hostname);
  socket.setNoDelay();
  socket.write(Buffer.concat([Buffer.of(3), Buffer.alloc(HANDSHAKE)]));
  const greeting = await read(socket, (heard) => heard.length > 2 * HANDSHAKE);
  socket.write(greeting.subarray(1, 1 + HANDSHAKE));

  const send = (kind: number, stream: number, time: number, body: Buffer) =>
    socket.write(message(kind, stream, time, body));
  const call = (stream: number, ...values: Value[]) =>
    send(COMMAND, stream, 0, Buffer.concat(values.map(amf)));
  const size = Buffer.alloc(4);
  size.writeUInt32BE(ONE_CHUNK);
  send(SET_CHUNK_SIZE, 0, 0, size);
  const tcUrl = `rtmp://${hostname}:${port}/${app}`;
  call(0, 'connect', 1, { app, tcUrl, capsEx: 2, videoFourCcInfoMap: { avc1: 2 } });
  call(0, 'createStream', 2, null);
  call(STREAM, 'publish', 3, null, name, 'live');
  await read(socket, (heard) => heard.includes('NetStream.Publish.'));
  socket.resume();
  return {
    send: (kind, time, body) => send(kind, STREAM, time, body),
    end: () => socket.destroy(),
  };
}

/** Reads until there is enough. */
async function read(socket: Socket, enough: (heard: Buffer) => boolean): Promise<Buffer> {
  let heard = Buffer.alloc(0);
  while (!enough(heard)) {
    const [more] = (await once(socket, 'data')) as [Buffer];
    heard = Buffer.concat([heard, more]);
  }
  return heard;
}

/** A message in one chunk, with the longest header. */
function message(kind: number, stream: number, time: number, body: Buffer): Buffer {
  const header = Buffer.alloc(12);
  header[0] = kind === SET_CHUNK_SIZE ? 2 : kind;
  header.writeUIntBE(time, 1, 3);
  header.writeUIntBE(body.length, 4, 3);
  header[7] = kind;
  header.writeUInt32LE(stream, 8);
  return Buffer.concat([header, body]);
}

type Value = string | number | null | { [name: string]: Value };

/** A value in AMF0. */
function amf(value: Value): Buffer {
  if (value === null) return Buffer.of(5);
  if (typeof value === 'number') {
    const number = Buffer.alloc(9);
    number.writeDoubleBE(value, 1);
    return number;
  }
  if (typeof value === 'string') return Buffer.concat([Buffer.of(2), text(value)]);
  const fields = Object.entries(value).flatMap(([name, field]) => [text(name), amf(field)]);
  return Buffer.concat([Buffer.of(3), ...fields, Buffer.of(0, 0, 9)]);
}

function text(value: string): Buffer {
  const bytes = Buffer.from(value);
  return Buffer.concat([Buffer.of(bytes.length >> 8, bytes.length & 255), bytes]);
}
