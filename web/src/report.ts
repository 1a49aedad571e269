/** How streams are, as the gateway says in status.json. Pure. */

/** How bad it is: fine, it could be better, viewers suffer. */
export type Level = 'ok' | 'notice' | 'warning';

/** Where a stream stands; away: nobody publishes it at the moment, but somebody may again. */
export type Phase = 'live' | 'starting' | 'away' | 'ended';

export interface Finding {
  code: string;
  level: Exclude<Level, 'ok'>;
  /** Of which it is; empty: of the stream. */
  track: string;
  text: string;
  advice: string;
  /** Epoch milliseconds. */
  since: number | null;
}

export interface Track {
  id: string;
  kind: string;
  codec: string;
  /** RFC 6381 */
  codecs: string;
  language: string;
  title: string;
  /** Bits a second. */
  bitrate: number | null;
  width: number | null;
  height: number | null;
  frameRate: number | null;
  sampleRate: number | null;
  channels: number | null;
  /** Seconds, as are those below. */
  keyFrameShortest: number | null;
  keyFrameLongest: number | null;
  reorder: number;
  skew: number;
  leftOut: boolean;
}

export interface Sample {
  /** Epoch milliseconds. */
  time: number;
  bitrate: number;
  frameRate: number;
  viewers: number;
}

export interface StreamEvent {
  /** Epoch milliseconds. */
  time: number;
  /** app/name */
  stream: string;
  kind: string;
  text: string;
}

export interface Report {
  app: string;
  name: string;
  /** Of its page, from the root of the gateway: `/live/show/`. */
  path: string;
  phase: Phase;
  /** Epoch milliseconds. */
  started: number | null;
  viewers: number;
  bitrate: number | null;
  frameRate: number | null;
  tracks: Track[];
  findings: Finding[];
  /** How often, by kind. */
  repairs: [kind: string, times: number][];
  publishers: number;
  periods: number;
  lostSegments: number;
  /** Millionths. */
  drift: number;
  /** Seconds. */
  behind: number;
  /** Seconds. */
  window: number | null;
  /** What the publisher says it is; empty while nobody publishes, or says so. */
  encoder: string;
  standby: boolean;
  history: Sample[];
}

/** What a page knows at one moment. */
export interface Status {
  streams: Report[];
  /** Newest first; null from a gateway that tells of none. */
  events: StreamEvent[] | null;
}

/** Reads the status of all streams. */
export function parseStatus(json: unknown): Status {
  const { streams, events } = record(json);
  return { streams: all(streams, parseReport), events: parseEvents(events) };
}

/** Reads the status of one stream; null when it is none. */
export function parseStreamStatus(json: unknown): { report: Report; events: StreamEvent[] | null } | null {
  const report = parseReport(json);
  return report && { report, events: parseEvents(record(json).events) };
}

/** The app and name of a stream, as events have them. */
export function fullName({ app, name }: Report): string {
  return `${app}/${name}`;
}

/** How bad it is altogether. */
export function levelOf(findings: readonly Finding[]): Level {
  if (findings.some(({ level }) => level === 'warning')) return 'warning';
  return findings.length > 0 ? 'notice' : 'ok';
}

function parseReport(json: unknown): Report | null {
  const r = record(json);
  const path = text(r.path);
  if (!/^\/[^/\\]/.test(path)) return null; // never a scheme or another host
  const counts = record(r.counts);
  return {
    app: text(r.app),
    name: text(r.name),
    path,
    phase: phase(r),
    started: time(r.started),
    viewers: positive(r.viewers) ?? 0,
    bitrate: positive(r.bitrate),
    frameRate: positive(r.frameRate),
    tracks: all(r.tracks, parseTrack),
    findings: all(r.findings, parseFinding),
    repairs: Object.entries(record(r.repairs)).flatMap(([kind, times]) =>
      typeof times === 'number' && times > 0 ? [[kind, times] as [string, number]] : [],
    ),
    publishers: positive(counts.publishers) ?? 0,
    periods: positive(counts.periods) ?? 0,
    lostSegments: positive(counts.lostSegments) ?? 0,
    drift: number(r.drift),
    behind: number(r.behind),
    window: positive(r.window),
    encoder: text(record(r.publisher).encoder),
    standby: r.standby === true,
    history: all(r.history, parseSample),
  };
}

function phase({ live, ended, ready }: Record<string, unknown>): Phase {
  if (ended === true) return 'ended';
  if (live !== true) return 'away';
  return ready === true ? 'live' : 'starting';
}

function parseTrack(json: unknown): Track | null {
  const t = record(json);
  const id = text(t.id);
  if (!/^[a-z]+\d+$/.test(id)) return null; // it becomes a part of addresses
  return {
    id,
    kind: text(t.kind),
    codec: text(t.codec),
    codecs: text(t.codecs),
    language: text(t.language),
    title: text(t.title),
    bitrate: positive(t.bitrate),
    width: positive(t.width),
    height: positive(t.height),
    frameRate: positive(t.frameRate),
    sampleRate: positive(t.sampleRate),
    channels: positive(t.channels),
    keyFrameShortest: positive(t.keyFrameShortest),
    keyFrameLongest: positive(t.keyFrameLongest),
    reorder: number(t.reorder),
    skew: number(t.skew),
    leftOut: t.leftOut === true,
  };
}

function parseFinding(json: unknown): Finding | null {
  const f = record(json);
  const said = text(f.text);
  if (said === '') return null;
  return {
    code: text(f.code),
    level: f.level === 'warning' ? 'warning' : 'notice',
    track: text(f.track),
    text: said,
    advice: text(f.advice),
    since: time(f.since),
  };
}

function parseSample(json: unknown): Sample | null {
  const s = record(json);
  const at = time(s.time);
  if (at === null) return null;
  return { time: at, bitrate: number(s.bitrate), frameRate: number(s.frameRate), viewers: number(s.viewers) };
}

function parseEvents(json: unknown): StreamEvent[] | null {
  return Array.isArray(json) ? all(json, parseEvent) : null;
}

function parseEvent(json: unknown): StreamEvent | null {
  const e = record(json);
  const at = time(e.time);
  if (at === null) return null;
  return { time: at, stream: text(e.stream), kind: text(e.kind), text: text(e.text) };
}

function all<T>(json: unknown, parse: (one: unknown) => T | null): T[] {
  if (!Array.isArray(json)) return [];
  return json.map(parse).filter((one) => one !== null);
}

function record(value: unknown): Record<string, unknown> {
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
}

function text(value: unknown): string {
  return typeof value === 'string' ? value : '';
}

function number(value: unknown): number {
  return typeof value === 'number' && Number.isFinite(value) ? value : 0;
}

function positive(value: unknown): number | null {
  return number(value) > 0 ? number(value) : null;
}

function time(value: unknown): number | null {
  return positive(Date.parse(text(value)));
}
