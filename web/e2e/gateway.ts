import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { createInterface } from 'node:readline';

const here = import.meta.dirname;

/** The gateway under test, and the clip that is published into it. */
export const BINARY = resolve(process.env.SLUICE ?? join(here, '../../bin/sluice'));
const CLIP = resolve(process.env.SLUICE_CLIP ?? join(here, '../../pkg/push/demo.flv'));

const STARTED_WITHIN = 15_000;

/** A running program; `log` is all it wrote, for the message of a test that fails. */
export class Program {
  readonly log: string[] = [];
  readonly #child: ChildProcess;

  constructor(args: string[], line: (text: string) => void = () => undefined, env: NodeJS.ProcessEnv = {}) {
    this.#child = spawn(BINARY, args, { stdio: ['ignore', 'pipe', 'pipe'], env: { ...process.env, ...env } });
    for (const stream of [this.#child.stdout, this.#child.stderr]) {
      if (!stream) continue;
      createInterface(stream).on('line', (text) => {
        this.log.push(text);
        line(text);
      });
    }
    this.#child.on('error', (error) => this.log.push(String(error)));
  }

  /** Stops it for a while, as a machine does that is short of time. */
  async falter(seconds: number): Promise<void> {
    this.#child.kill('SIGSTOP');
    await new Promise((done) => setTimeout(done, 1000 * seconds));
    this.#child.kill('SIGCONT');
  }

  /** Asks it to stop and waits until it has; resolves at once when it has stopped before. */
  async stop(): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null || !this.#child.pid) return;
    const gone = once(this.#child, 'exit');
    this.#child.kill('SIGTERM');
    await gone;
  }
}

/** A gateway on free ports of the loopback, with a segment folder of its own. */
export interface Gateway {
  /** host:port */
  rtmp: string;
  /** host:port */
  http: string;
  /** Starts a publisher of the clip, over and over; `name` is app/name. */
  publish(name: string): Program;
  /** Stops the gateway and its publishers and removes the segments. */
  stop(): Promise<void>;
}

/**
 * Starts a gateway; `http` asks for a certain address, to take over from one that has stopped, and `settings`
 * are variables such as SLUICE_STREAM_LINGER.
 */
export async function startGateway(http = '127.0.0.1:0', settings: NodeJS.ProcessEnv = {}): Promise<Gateway> {
  const segments = await mkdtemp(join(tmpdir(), 'sluice-e2e-'));
  const addresses = new Map<string, string>();
  let found: () => void = () => undefined;
  const listening = new Promise<void>((done) => {
    found = done;
  });
  const args = ['--rtmp', '127.0.0.1:0', '--http', http, '--segments', segments, '--log-format', 'json'];
  const listen = (text: string): void => {
    const entry = parse(text);
    if (entry.message !== 'listening') return;
    addresses.set(String(entry.protocol), String(entry.address));
    if (addresses.has('rtmp') && addresses.has('http')) found();
  };
  const server = new Program(['serve', ...args], listen, settings);
  await within(STARTED_WITHIN, listening, () => `the gateway did not start:\n${server.log.join('\n')}`);

  const publishers: Program[] = [];
  const rtmp = addresses.get('rtmp') ?? '';
  return {
    rtmp,
    http: addresses.get('http') ?? '',
    publish: (name) => {
      const publisher = new Program(['push', CLIP, `rtmp://${rtmp}/${name}`, '--loop']);
      publishers.push(publisher);
      return publisher;
    },
    stop: async () => {
      await Promise.all(publishers.map((publisher) => publisher.stop()));
      await server.stop();
      await rm(segments, { recursive: true, force: true });
    },
  };
}

/** Waits until a URL answers 200. */
export async function available(url: string, limit = 30_000): Promise<void> {
  const end = Date.now() + limit;
  for (;;) {
    const status = await fetch(url).then(
      (response) => response.status,
      () => 0,
    );
    if (status === 200) return;
    if (Date.now() > end) throw new Error(`${url} still answers ${status}`);
    await new Promise((done) => setTimeout(done, 100));
  }
}

/** Waits until a media playlist lists so many segments: enough to play at the distance that players keep. */
export function listed(playlist: string, segments: number, limit = 60_000): Promise<void> {
  return says(playlist, (text) => (text.match(/^#EXTINF:/gm) ?? []).length >= segments, limit);
}

/** Waits until a playlist says that nothing will follow. */
export function over(playlist: string, limit = 60_000): Promise<void> {
  return says(playlist, (text) => text.includes('#EXT-X-ENDLIST'), limit);
}

async function says(url: string, wanted: (text: string) => boolean, limit: number): Promise<void> {
  await available(url, limit);
  const end = Date.now() + limit;
  for (;;) {
    const text = await fetch(url).then((response) => response.text());
    if (wanted(text)) return;
    if (Date.now() > end) throw new Error(`${url} stays as it is:\n${text}`);
    await new Promise((done) => setTimeout(done, 100));
  }
}

function parse(text: string): Record<string, unknown> {
  try {
    return JSON.parse(text) as Record<string, unknown>;
  } catch {
    return {};
  }
}

async function within(limit: number, event: Promise<void>, message: () => string): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => {
      reject(new Error(message()));
    }, limit);
  });
  try {
    await Promise.race([event, late]);
  } finally {
    clearTimeout(timer);
  }
}
