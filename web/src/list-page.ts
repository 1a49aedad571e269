import { addCopyButtons } from './copy';
import { instantiate, one, setText } from './dom';
import { formatBitrate, formatCodec, formatElapsed, formatPicture, UNKNOWN } from './format';
import { ffmpegCommand, OBS_URL, parsePorts, type Ports, PUBLISH_URL, rtmpServer } from './publish';
import { sleep } from './sleep';
import { parseStreams, STREAMS_URL, type Stream } from './streams';

const POLL = 2000;

const list = one(document, '#streams', HTMLElement);
const rows = new Map<string, HTMLElement>();

describePublishing(parsePorts(null));
void fetchPorts().then(describePublishing);
void describeMultitrack();
addCopyButtons(document);
void follow();

async function fetchPorts(): Promise<Ports> {
  try {
    const response = await fetch(PUBLISH_URL);
    return parsePorts(await response.json());
  } catch {
    return parsePorts(null);
  }
}

function describePublishing(ports: Ports): void {
  const key = one(document, '#rtmp-key', HTMLElement).textContent;
  const server = rtmpServer(location.hostname, ports);
  one(document, '#rtmp-server', HTMLElement).textContent = server;
  one(document, '#ffmpeg-command', HTMLElement).textContent = ffmpegCommand(server, key);
}

async function describeMultitrack(): Promise<void> {
  const config = one(document, '#obs-config', HTMLElement);
  try {
    const response = await fetch(OBS_URL);
    config.textContent = response.ok ? await response.text() : '';
  } catch {
    config.textContent = ''; // the list tells that nobody answers
  }
}

/** Asks for the list every two seconds, and not at all while nobody looks. */
async function follow(): Promise<void> {
  for (;;) {
    await refresh();
    await sleep(POLL, new AbortController().signal);
    await visible();
  }
}

function visible(): Promise<void> {
  if (!document.hidden) return Promise.resolve();
  return new Promise((resolve) => {
    const look = (): void => {
      if (document.hidden) return;
      document.removeEventListener('visibilitychange', look);
      resolve();
    };
    document.addEventListener('visibilitychange', look);
  });
}

async function refresh(): Promise<void> {
  try {
    const response = await fetch(STREAMS_URL, { cache: 'no-cache' });
    if (!response.ok) throw new Error(`HTTP ${response.status}`);
    const now = Date.parse(response.headers.get('Date') ?? '') || Date.now();
    show(parseStreams(await response.json()), now);
    showTrouble(false);
  } catch {
    showTrouble(true);
  }
}

function show(streams: Stream[], now: number): void {
  const paths = new Set(streams.map((stream) => stream.path));
  for (const [path, row] of rows) {
    if (paths.has(path)) continue;
    row.remove();
    rows.delete(path);
  }
  streams.forEach((stream, i) => {
    const row = rows.get(stream.path) ?? instantiate('stream');
    rows.set(stream.path, row);
    fill(row, stream, now);
    if (list.children[i] !== row) list.insertBefore(row, list.children[i] ?? null);
  });
  list.hidden = streams.length === 0;
  one(document, '#empty', HTMLElement).hidden = streams.length > 0;
  setText(one(document, '#summary', HTMLElement), summary(streams));
}

function fill(row: HTMLElement, stream: Stream, now: number): void {
  const set = (name: string, text: string): void => {
    setText(one(row, `[data-${name}]`, HTMLElement), text);
  };
  one(row, 'a', HTMLAnchorElement).href = stream.path;
  row.dataset.live = String(stream.live);
  set('name', stream.name || stream.path);
  set('app', stream.app);
  setFacts(one(row, '[data-facts]', HTMLElement), facts(stream));
  set('badge', !stream.live ? 'Off air' : stream.ready ? 'Live' : 'Starting');
  set('since', stream.live && stream.started ? formatElapsed(now - stream.started) : '');
}

function facts(stream: Stream): string[] {
  return [
    formatPicture(stream.width, stream.height, stream.frameRate),
    ...stream.codecs.map(formatCodec),
    formatBitrate(stream.bandwidth),
  ].filter((fact) => fact !== UNKNOWN);
}

/** One element a fact, so that lines break between facts only. */
function setFacts(element: HTMLElement, facts: string[]): void {
  if (element.textContent === facts.join('')) return;
  const spans = facts.map((fact) => {
    const span = document.createElement('span');
    span.textContent = fact;
    return span;
  });
  element.replaceChildren(...spans);
}

function summary(streams: Stream[]): string {
  const live = streams.filter((stream) => stream.live).length;
  if (live === 0) return streams.length === 0 ? '' : 'No stream is live';
  return live === 1 ? '1 stream' : `${live} streams`;
}

function showTrouble(trouble: boolean): void {
  one(document, '#trouble', HTMLElement).hidden = !trouble;
  list.classList.toggle('old', trouble);
}
