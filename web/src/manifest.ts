/** The little that the page itself must read in playlists and manifests. Pure. */

/** The URI of the first media playlist that a multivariant playlist names, or null when it is none. */
export function firstVariant(playlist: string): string | null {
  const lines = playlist.split(/\r?\n/);
  const tag = lines.findIndex((line) => line.startsWith('#EXT-X-STREAM-INF:'));
  if (tag < 0) return null;
  return lines.slice(tag + 1).find((line) => line !== '' && !line.startsWith('#')) ?? null;
}

/** Whether a media playlist says that nothing will follow. */
export function playlistEnded(playlist: string): boolean {
  return /^#EXT-X-ENDLIST\s*$/m.test(playlist);
}

/** Whether an MPD says that nothing will follow: it is static (the default when the type is missing). */
export function mpdEnded(mpd: string): boolean {
  const root = /<MPD\b[^>]*>/.exec(mpd)?.[0] ?? '';
  return root !== '' && !/\stype\s*=\s*["']dynamic["']/.test(root);
}
