import type { Engine, OpenPlayer } from './player';

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

/** Loads the code of an engine; browsers keep it, so asking again costs nothing. */
export async function loadPlayer(engine: Engine): Promise<OpenPlayer> {
  if (!hasMediaSource()) return (await import('./native')).openNative;
  if (engine === 'dash') return (await import('./dash')).openDash;
  return (await import('./hls')).openHls;
}
