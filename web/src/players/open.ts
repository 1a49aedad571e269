import { MANIFESTS, type Engine, type Player, type PlayerEvents } from './player';

/** Whether JavaScript can feed the media element here, through either form of MediaSource. */
export function hasMediaSource(): boolean {
  return 'MediaSource' in globalThis || 'ManagedMediaSource' in globalThis;
}

/** Whether an engine can play here: without MediaSource only HLS can, and only where the browser knows it. */
export function canPlay(engine: Engine): boolean {
  if (hasMediaSource()) return true;
  return (
    engine !== 'dash' && document.createElement('video').canPlayType('application/vnd.apple.mpegurl') !== ''
  );
}

/** Starts an engine; its code is loaded only now. */
export async function openPlayer(
  engine: Engine,
  video: HTMLVideoElement,
  events: PlayerEvents,
): Promise<Player> {
  const open = await load(engine);
  return open(video, MANIFESTS[engine], events);
}

async function load(engine: Engine) {
  if (!hasMediaSource()) return (await import('./native')).openNative;
  if (engine === 'dash') return (await import('./dash')).openDash;
  return (await import('./hls')).openHls;
}
