import { createServer, type Server } from 'node:http';
import { createRequire } from 'node:module';
import type { AddressInfo } from 'node:net';
import type * as Dash from 'dashjs';
import type Hls from 'hls.js';
import type { Browser } from 'playwright-core';
import { open, type WatchedPage } from './browser';

const { resolve } = createRequire(import.meta.url);

/** A player as it comes, without a single setting. */
export type Bare = 'hls.js' | 'hls-1.6' | 'shaka-player' | 'dash.js';

const LIBRARIES: Record<Bare, string> = {
  'hls.js': resolve('hls.js/dist/hls.min.js'),
  'hls-1.6': resolve('hls-1.6/dist/hls.min.js'),
  'shaka-player': resolve('shaka-player/dist/shaka-player.compiled.js'),
  'dash.js': resolve('dashjs'),
};

declare global {
  interface Window {
    Hls: typeof Hls;
    shaka: Shaka;
    dashjs: typeof Dash;
    /** What the player reported, in its words. */
    errors: string[];
  }
}

interface ShakaError {
  code: number;
  /** 2 is critical. */
  severity: number;
  data: unknown[];
}

interface Shaka {
  Player: new () => {
    attach(video: HTMLVideoElement): Promise<void>;
    configure(settings: object): boolean;
    load(manifest: string): Promise<void>;
    addEventListener(type: 'error', listener: (event: Event & { detail: ShakaError }) => void): void;
  };
}

/** A server of one empty page with a video element in it, on another origin than the gateway. */
export interface BareSite {
  url: string;
  stop(): Promise<void>;
}

export async function startBareSite(): Promise<BareSite> {
  const server = createServer((request, response) => {
    response.writeHead(request.url === '/' ? 200 : 204, { 'Content-Type': 'text/html' });
    response.end('<!doctype html><title>Bare</title><video muted autoplay width="640" height="360"></video>');
  });
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  const { port } = server.address() as AddressInfo;
  return { url: `http://127.0.0.1:${port}/`, stop: () => close(server) };
}

/** Opens the empty page with a player's code on it; it may ask the origin given. */
export async function openBare(
  browser: Browser,
  site: BareSite,
  player: Bare,
  origin: string,
): Promise<WatchedPage> {
  const watched = await open(browser, site.url, origin);
  await watched.page.addScriptTag({ path: LIBRARIES[player] });
  return watched;
}

/** Plays a manifest on such a page with the player's defaults, but for the settings given. */
export async function playBare(
  { page }: Pick<WatchedPage, 'page'>,
  player: Bare,
  manifest: string,
  settings: object = {},
): Promise<void> {
  const start = { 'hls.js': startHls, 'hls-1.6': startHls, 'shaka-player': startShaka, 'dash.js': startDash };
  await page.evaluate(start[player], { manifest, settings });
}

// What follows runs in the page.

interface Asked {
  manifest: string;
  settings: object;
}

function startHls({ manifest, settings }: Asked): void {
  const video = document.querySelector('video');
  const hls = new window.Hls(settings);
  window.errors = [];
  hls.on(window.Hls.Events.ERROR, (_, { details, fatal }) => {
    window.errors.push(fatal ? `${details} (fatal)` : details);
  });
  hls.loadSource(manifest);
  if (video) hls.attachMedia(video);
}

async function startShaka({ manifest, settings }: Asked): Promise<void> {
  const video = document.querySelector('video');
  const player = new window.shaka.Player();
  player.configure(settings);
  window.errors = [];
  player.addEventListener('error', ({ detail }) => {
    const { code, severity, data } = detail;
    window.errors.push(`shaka ${code} ${String(data[0])} ${severity === 2 ? '(fatal)' : ''}`);
  });
  if (video) await player.attach(video);
  await player.load(manifest);
}

function startDash({ manifest, settings }: Asked): void {
  const video = document.querySelector('video');
  const player = window.dashjs.MediaPlayer().create();
  player.updateSettings(settings);
  window.errors = [];
  player.on('error', (event: { error?: unknown }) => {
    const { error } = event;
    window.errors.push(
      `dash.js ${typeof error === 'object' && error && 'code' in error ? String(error.code) : ''}`,
    );
  });
  if (video) player.initialize(video, manifest, true);
}

function close(server: Server): Promise<void> {
  server.closeAllConnections();
  return new Promise((done) => {
    server.close(() => {
      done();
    });
  });
}
