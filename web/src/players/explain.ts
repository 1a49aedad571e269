/** What players call an error, and what a viewer is told of it. Pure. */

const UNEXPLAINED = 'The player gave up.';

/** For an error detail of hls.js. */
export function explainHls(detail: string): string {
  if (/incompatibleCodecs|addCodec/i.test(detail)) return 'This browser cannot decode the stream.';
  if (/^(manifest|level|audioTrack).*(Load|Parsing|Empty)/i.test(detail)) {
    return 'The playlist could not be loaded.';
  }
  if (detail === 'playlistUnchangedError') return 'The playlist stands still.';
  if (/^(frag|key).*(Load|Decrypt)/i.test(detail)) return 'A part of the stream could not be loaded.';
  if (/^(buffer|fragParsing|remux|internal)/i.test(detail))
    return 'A part of the stream could not be played.';
  return UNEXPLAINED;
}

/** For an error code of dash.js. */
export function explainDash(code: number): string {
  switch (code) {
    case 10:
    case 11:
    case 25:
    case 31:
      return 'The manifest could not be loaded.';
    case 17:
    case 18:
    case 27:
    case 28:
      return 'A part of the stream could not be loaded.';
    case 20:
    case 21:
    case 22:
      return 'A part of the stream could not be played.';
    case 23:
    case 32:
    case 35:
      return 'This browser cannot decode the stream.';
    default:
      return UNEXPLAINED;
  }
}

/** For the error of a media element. */
export function explainMedia(error: MediaError): string {
  switch (error.code) {
    case 2:
      return 'The stream could not be loaded.';
    case 3:
      return 'A part of the stream could not be played.';
    case 4:
      return 'This browser cannot play the stream.';
    default:
      return UNEXPLAINED;
  }
}
