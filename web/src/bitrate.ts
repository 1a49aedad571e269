const WINDOW = 10; // seconds of media

interface Fragment {
  bytes: number;
  seconds: number;
}

/** The bitrate of what was loaded lately: bytes over seconds of media, per track, added up. Pure. */
export class BitrateMeter {
  #tracks = new Map<string, Fragment[]>();

  add(track: string, bytes: number, seconds: number): void {
    if (!(bytes > 0) || !(seconds > 0)) return;
    const fragments = [...(this.#tracks.get(track) ?? []), { bytes, seconds }];
    while (total(fragments.slice(1)).seconds >= WINDOW) fragments.shift();
    this.#tracks.set(track, fragments);
  }

  /** Bits a second of all tracks together, or null when nothing was loaded. */
  get value(): number | null {
    if (this.#tracks.size === 0) return null;
    return [...this.#tracks.values()].map(total).reduce((sum, t) => sum + (8 * t.bytes) / t.seconds, 0);
  }
}

function total(fragments: readonly Fragment[]): Fragment {
  return fragments.reduce((sum, f) => ({ bytes: sum.bytes + f.bytes, seconds: sum.seconds + f.seconds }), {
    bytes: 0,
    seconds: 0,
  });
}
