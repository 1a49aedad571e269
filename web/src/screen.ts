import { localNow, type ServerClock } from './clock';
import { Controls, type Action } from './controls';
import { instantiate, one, setText } from './dom';
import { latency } from './latency';
import type { Engine, Latency } from './players/player';
import { Session } from './session';
import { StatsPanel } from './stats';

const REFRESH = 500; // ms between two readings of the figures

const NAMES: Record<Engine, string> = { hls: 'HLS', dash: 'DASH', ts: 'HLS on MPEG-TS' };

/** What a viewer chose for the sound, kept while screens come and go. */
export interface Sound {
  muted: boolean;
  volume: number;
}

/** One picture with its message, controls and figures. */
export class Screen {
  readonly root = instantiate('screen');
  readonly video = one(this.root, 'video', HTMLVideoElement);
  readonly session: Session;
  readonly #controls: Controls;
  readonly #stats: StatsPanel;
  readonly #clock: ServerClock;
  readonly #timer: number;

  constructor(engine: Engine, latency: Latency, clock: ServerClock, sound: Sound) {
    this.root.setAttribute('aria-label', NAMES[engine]);
    setText(one(this.root, '[data-engine]', HTMLElement), NAMES[engine]);
    this.video.muted = sound.muted;
    this.video.volume = sound.volume;
    this.#clock = clock;
    this.session = new Session(this.video, engine, latency, () => {
      this.#showMessage();
    });
    this.#controls = new Controls(this.root, this.video, this.session);
    this.#stats = new StatsPanel(this.root);
    this.#timer = window.setInterval(() => {
      this.#refresh();
    }, REFRESH);
    this.#showMessage();
    this.#refresh();
    void this.session.run();
  }

  /** Seconds from the server's input to this screen; null while unknown. */
  latency(): number | null {
    const { ready, player } = this.session;
    return latency(this.#clock.at(localNow()), ready && player ? player.frameTime() : null);
  }

  do(action: Action): void {
    this.#controls.do(action);
  }

  destroy(): void {
    clearInterval(this.#timer);
    this.session.stop();
    this.root.remove();
  }

  #refresh(): void {
    this.#stats.show(this.session, this.video, { latency: this.latency(), buffer: this.session.buffer() });
    this.#controls.show();
  }

  #showMessage(): void {
    const { state, stalled, blocked } = this.session;
    const { title, detail } = this.#message();
    const root = this.root;
    root.dataset.state = blocked ? 'blocked' : stalled && state === 'playing' ? 'stalled' : state;
    setText(one(root, '[data-title]', HTMLElement), title);
    setText(one(root, '[data-detail]', HTMLElement), detail);
    one(root, '[data-start]', HTMLButtonElement).hidden = !blocked;
  }

  #message(): { title: string; detail: string } {
    const { state, problem, stalled, blocked } = this.session;
    if (blocked) return { title: 'Ready', detail: 'The browser waits for you to start playback.' };
    switch (state) {
      case 'connecting':
        return { title: 'Connecting', detail: '' };
      case 'waiting':
        return { title: 'Waiting for the stream', detail: 'It plays by itself as soon as it is on air.' };
      case 'forbidden':
        return {
          title: 'A token is needed',
          detail: 'The address of this page has none, or one that has expired or is for another stream.',
        };
      case 'away':
        return {
          title: 'The broadcaster is away',
          detail: 'The stream goes on by itself when they are back.',
        };
      case 'ended':
        return { title: 'The stream has ended', detail: 'If it comes back, it plays by itself.' };
      case 'recovering':
        return { title: 'One moment', detail: `${problem} Trying again.` };
      case 'playing':
        return { title: stalled ? 'Buffering' : '', detail: '' };
    }
  }
}
