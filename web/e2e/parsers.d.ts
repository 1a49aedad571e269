// What the tests use of packages that bring no types.

declare module 'm3u8-parser' {
  export interface Segment {
    uri: string;
    duration?: number;
    /** Epoch milliseconds. */
    programDateTime?: number;
    map?: { uri: string };
    parts?: unknown[];
  }

  export class Parser {
    manifest: {
      segments: Segment[];
      mediaSequence: number;
      playlists?: unknown[];
      skip?: { skippedSegments: number };
      endList?: boolean;
    };
    on(type: 'info' | 'warn' | 'error', listener: (event: { message: string }) => void): void;
    push(text: string): void;
    end(): void;
  }
}

declare module 'mpd-parser' {
  export interface Playlist {
    attributes: { NAME: string };
    segments: unknown[];
  }

  export function parse(
    mpd: string,
    options: { manifestUri: string; eventHandler: (event: { type: string; message: string }) => void },
  ): {
    playlists: Playlist[];
    mediaGroups: { AUDIO: Record<string, Record<string, { playlists: Playlist[] }>> };
  };
}
