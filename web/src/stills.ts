/** The newest key frame of a track, by the playlist that lists them (EXT-X-I-FRAMES-ONLY). Pure. */

/** Names beside the playlist. */
export interface Still {
  /** The header of the track. */
  header: string;
  /** The key frame as a segment of its own. */
  segment: string;
}

/** The playlist of the key frames of a track, in the folder of the stream. */
export function stillsOf(track: string): string {
  return `${track}/iframes.m3u8`;
}

/** The last key frame that a playlist lists, null when there is none. */
export function newestStill(playlist: string): Still | null {
  let header: string | null = null;
  let newest: Still | null = null;
  let gap = false;
  for (const line of playlist.split(/\r?\n/)) {
    const map = /^#EXT-X-MAP:(?:.*,)?URI="([^"]+)"/.exec(line);
    if (map) header = map[1] ?? null;
    else if (line === '#EXT-X-GAP') gap = true;
    else if (line !== '' && !line.startsWith('#')) {
      if (header !== null && !gap) newest = { header, segment: byItself(line) };
      gap = false;
    }
  }
  return newest;
}

// The playlist names the segment and how much of it the key frame is; the gateway has the same
// under another name, so that it is asked for and cached whole, and shown for as long as the segment is.
function byItself(segment: string): string {
  return segment.replace(/([^/]*)$/, 'k$1');
}
