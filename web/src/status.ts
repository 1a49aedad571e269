import { firstVariant, mpdEnded, playlistEnded } from './manifest';
import { parseStreamStatus } from './report';
import { below, streamAt, UP } from './site';
import { parseStreams, STREAMS_URL } from './streams';
import { onAir } from './words';

/**
 * What the server says of a stream. missing: it is not there (yet). forbidden: who
 * asks has no right to it, or no more. ended: its manifest says that nothing will
 * follow. away: nobody publishes at the moment, but it may go on where it was.
 * unreachable: no answer.
 */
export type StreamStatus = 'missing' | 'forbidden' | 'live' | 'ended' | 'away' | 'unreachable';

/** Asks for a manifest and, at the same time, for the list of streams, what there is to play. */
export async function streamStatus(manifest: string, signal: AbortSignal): Promise<StreamStatus> {
  try {
    const [response, listed] = await Promise.all([ask(manifest, signal), listedState(signal)]);
    if (response.status === 401 || response.status === 403) return 'forbidden';
    const text = await body(response);
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

// Who has a token for one stream may not see the list of all.
let listForbidden = false;

// A manifest may stay as it was while the publisher is away; the list knows. A
// stream that is not in the list may still play.
async function listedState(signal: AbortSignal): Promise<'live' | 'away' | null> {
  if (listForbidden) return ownState(signal);
  const response = await ask(below(UP, STREAMS_URL), signal);
  if (response.status === 403) {
    listForbidden = true;
    return ownState(signal);
  }
  const list = await body(response);
  if (list === null) return null;
  const stream = parseStreams(JSON.parse(list) as unknown).find(
    ({ path }) => streamAt(path) === streamAt(location.pathname),
  );
  if (!stream) return null;
  return stream.live ? 'live' : 'away';
}

/** What the stream says of itself, which is a few seconds old. */
async function ownState(signal: AbortSignal): Promise<'live' | 'away' | null> {
  const text = await get('status.json', signal);
  const status = text === null ? null : parseStreamStatus(JSON.parse(text) as unknown);
  if (!status) return null;
  return onAir(status.report) ? 'live' : 'away';
}

/** The body, null when the server does not have it; throws when there is no answer to use. */
async function get(url: string, signal: AbortSignal): Promise<string | null> {
  return body(await ask(url, signal));
}

function ask(url: string, signal: AbortSignal): Promise<Response> {
  return fetch(url, { cache: 'no-cache', signal });
}

async function body(response: Response): Promise<string | null> {
  if (response.ok) return response.text();
  if (response.status >= 500 && response.status !== 503) throw new Error(`HTTP ${response.status}`);
  return null;
}
