/** The list of streams, as the gateway gives it at /streams.json. */

export const STREAMS_URL = '/streams.json';

export interface Stream {
  app: string;
  name: string;
  /** Absolute path of the player page. */
  path: string;
  /** When it came on air, epoch milliseconds. */
  started: number | null;
  /** False while the publisher is away. */
  live: boolean;
  /** False until there is enough of it to play. */
  ready: boolean;
  width: number | null;
  height: number | null;
  frameRate: number | null;
  /** RFC 6381 names. */
  codecs: string[];
  /** Bits a second. */
  bandwidth: number | null;
}

/** Reads the list; entries without a usable path are left out, unknown figures are null. */
export function parseStreams(json: unknown): Stream[] {
  if (!Array.isArray(json)) return [];
  return json.map(parseStream).filter((stream) => stream !== null);
}

function parseStream(json: unknown): Stream | null {
  if (typeof json !== 'object' || json === null) return null;
  const entry = json as Record<string, unknown>;
  const path = text(entry.path);
  if (!/^\/[^/\\]/.test(path)) return null; // never a scheme or another host
  return {
    app: text(entry.app),
    name: text(entry.name),
    path,
    started: positive(Date.parse(text(entry.started))),
    live: entry.live !== false,
    ready: entry.ready !== false,
    width: positive(entry.width),
    height: positive(entry.height),
    frameRate: positive(entry.frameRate),
    codecs: text(entry.codecs)
      .split(',')
      .map((codec) => codec.trim())
      .filter((codec) => codec !== ''),
    bandwidth: positive(entry.bandwidth),
  };
}

function text(value: unknown): string {
  return typeof value === 'string' ? value : '';
}

function positive(value: unknown): number | null {
  return typeof value === 'number' && value > 0 && Number.isFinite(value) ? value : null;
}
