import { sleep } from './sleep';
import { newestStill, stillsOf } from './stills';

const PATIENCE = 6000; // ms for what the browser has to do
const WIDEST = 640; // pixels of a picture
const TRIES = 40; // to draw it, 50 ms apart

/** The browser's MediaSource, or the one that iPhones have instead. */
const SOURCE: typeof MediaSource | undefined = (
  globalThis as { MediaSource?: typeof MediaSource; ManagedMediaSource?: typeof MediaSource }
)['MediaSource' in globalThis ? 'MediaSource' : 'ManagedMediaSource'];

/** Whether the browser can show pictures of a codec, by its RFC 6381 name. */
export function canShow(codecs: string): boolean {
  return SOURCE?.isTypeSupported(typeOf(codecs)) ?? false;
}

/**
 * Draws the newest key frame of a track on a canvas, unless it is there already. The browser's player for
 * media decodes it, since WebCodecs are there on secure pages only, which those of a gateway in a
 * local network are not. Returns what was drawn, for the next call; null when there is nothing yet.
 */
export async function drawNewest(
  canvas: HTMLCanvasElement,
  base: string,
  track: string,
  codecs: string,
  drawn: string | null,
): Promise<string | null> {
  const playlist = new URL(`${base}${stillsOf(track)}`, location.href);
  const still = newestStill(await text(playlist));
  if (!still || still.segment === drawn) return drawn;
  const media = await Promise.all([
    bytes(new URL(still.header, playlist)),
    bytes(new URL(still.segment, playlist)),
  ]);
  await decode(typeOf(codecs), new Blob(media), (video) => draw(canvas, video));
  return still.segment;
}

/** Draws what the player shows, once that is there: a seek may be over before its picture is. */
async function draw(canvas: HTMLCanvasElement, video: HTMLVideoElement): Promise<void> {
  const { videoWidth, videoHeight } = video;
  const scale = Math.min(1, WIDEST / videoWidth);
  const sketch = document.createElement('canvas');
  const [width, height] = [Math.round(videoWidth * scale), Math.round(videoHeight * scale)];
  [sketch.width, sketch.height] = [width, height];
  const pen = sketch.getContext('2d', { willReadFrequently: true });
  const { signal } = new AbortController();
  for (let tries = 0; tries < TRIES; tries++) {
    pen?.drawImage(video, 0, 0, width, height);
    const alpha = pen?.getImageData(width >> 1, height >> 1, 1, 1).data[3];
    if (alpha !== 0) {
      [canvas.width, canvas.height] = [width, height];
      canvas.getContext('2d')?.drawImage(sketch, 0, 0);
      return;
    }
    await sleep(50, signal);
  }
  throw new Error('no picture');
}

async function decode(
  type: string,
  media: Blob,
  use: (video: HTMLVideoElement) => Promise<void>,
): Promise<void> {
  if (!SOURCE) throw new Error('no MediaSource');
  const source = new SOURCE();
  const video = document.createElement('video');
  const address = URL.createObjectURL(source);
  try {
    video.muted = true;
    video.playsInline = true;
    video.disableRemotePlayback = true; // or ManagedMediaSource does not open
    video.src = address;
    await event(source, 'sourceopen', video);
    const buffer = source.addSourceBuffer(type);
    buffer.appendBuffer(await media.arrayBuffer());
    await event(buffer, 'updateend', video);
    if (video.readyState === HTMLMediaElement.HAVE_NOTHING) await event(video, 'loadedmetadata', video);
    source.endOfStream();
    const { buffered } = buffer;
    if (buffered.length === 0) throw new Error('no picture');
    video.currentTime = (buffered.start(0) + buffered.end(0)) / 2;
    await event(video, 'seeked', video);
    await use(video);
  } finally {
    video.removeAttribute('src');
    video.load();
    URL.revokeObjectURL(address);
  }
}

/** Waits for an event, but not for ever, and not for what cannot be decoded. */
function event(target: EventTarget, type: string, video: HTMLVideoElement): Promise<void> {
  return new Promise((resolve, reject) => {
    const over = new AbortController();
    const settle = (then: () => void): void => {
      clearTimeout(timer);
      over.abort();
      then();
    };
    const fail = (): void => {
      settle(() => {
        reject(new Error(`no ${type}`));
      });
    };
    const timer = setTimeout(fail, PATIENCE);
    target.addEventListener(
      type,
      () => {
        settle(resolve);
      },
      { signal: over.signal },
    );
    video.addEventListener('error', fail, { signal: over.signal });
  });
}

async function text(url: URL): Promise<string> {
  return (await get(url)).text();
}

async function bytes(url: URL): Promise<ArrayBuffer> {
  return (await get(url)).arrayBuffer();
}

async function get(url: URL): Promise<Response> {
  const response = await fetch(url, { signal: AbortSignal.timeout(PATIENCE) });
  if (!response.ok) throw new Error(`HTTP ${response.status}`);
  return response;
}

function typeOf(codecs: string): string {
  return `video/mp4; codecs="${codecs}"`;
}
