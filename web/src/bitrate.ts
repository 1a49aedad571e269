const WINDOW = 5;

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
    this.#tracks.set(track, fragments.slice(-WINDOW));
  }

  /** Bits a second of all tracks together, or null when nothing was loaded. */
  get value(): number | null {
    if (this.#tracks.size === 0) return null;
    return [...this.#tracks.values()].reduce((sum, fragments) => sum + rate(fragments), 0);
  }
}

function rate(fragments: readonly Fragment[]): number {
  const bytes = fragments.reduce((sum, f) => sum + f.bytes, 0);
  const seconds = fragments.reduce((sum, f) => sum + f.seconds, 0);
  return (8 * bytes) / seconds;
}
