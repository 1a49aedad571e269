import { firstVariant, mpdEnded, playlistEnded } from './manifest';
import { parseStreams, STREAMS_URL } from './streams';

/**
 * What the server says of a stream. missing: it is not there (yet). ended: its
 * manifest says that nothing will follow. away: nobody publishes at the moment,
 * but it may go on where it was. unreachable: no answer.
 */
export type StreamStatus = 'missing' | 'live' | 'ended' | 'away' | 'unreachable';

/** Asks for a manifest and, at the same time, for the list of streams, what there is to play. */
export async function streamStatus(manifest: string, signal: AbortSignal): Promise<StreamStatus> {
  try {
    const [text, listed] = await Promise.all([get(manifest, signal), listedState(signal)]);
    if (text === null) return 'missing';
    if (listed === 'live') return 'live';
    if (await manifestEnded(manifest, text, signal)) return 'ended';
    return listed ?? 'live';
  } catch {
    return 'unreachable';
  }
}

async function manifestEnded(url: string, text: string, signal: AbortSignal): Promise<boolean> {
  if (url.endsWith('.mpd')) return mpdEnded(text);
  const variant = firstVariant(text);
  if (variant === null) return playlistEnded(text);
  const media = await get(new URL(variant, new URL(url, location.href)).href, signal);
  return media !== null && playlistEnded(media);
}

// A manifest may stay as it was while the publisher is away; the list knows. A
// stream that is not in the list may still play.
async function listedState(signal: AbortSignal): Promise<'live' | 'away' | null> {
  const list = await get(STREAMS_URL, signal);
  if (list === null) return null;
  const path = decoded(location.pathname);
  const stream = parseStreams(JSON.parse(list) as unknown).find((entry) => decoded(entry.path) === path);
  if (!stream) return null;
  return stream.live ? 'live' : 'away';
}

/** The body, null when the server does not have it; throws when there is no answer to use. */
async function get(url: string, signal: AbortSignal): Promise<string | null> {
  const response = await fetch(url, { cache: 'no-cache', signal });
  if (response.ok) return response.text();
  if (response.status >= 500 && response.status !== 503) throw new Error(`HTTP ${response.status}`);
  return null;
}

function decoded(path: string): string {
  try {
    return decodeURI(path);
  } catch {
    return path;
  }
}
