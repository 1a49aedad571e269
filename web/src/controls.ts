import { one, setText } from './dom';
import type { Session } from './session';

const BEHIND = 4; // seconds behind the live edge from which "Go live" is offered

/** The buttons under one picture. */
export class Controls {
  readonly #root: HTMLElement;
  readonly #video: HTMLVideoElement;
  readonly #session: Session;
  readonly #play: HTMLButtonElement;
  readonly #mute: HTMLButtonElement;
  readonly #unmute: HTMLButtonElement;
  readonly #volume: HTMLInputElement;
  readonly #live: HTMLButtonElement;

  constructor(root: HTMLElement, video: HTMLVideoElement, session: Session) {
    this.#root = root;
    this.#video = video;
    this.#session = session;
    const button = (name: string) => one(root, `[data-${name}]`, HTMLButtonElement);
    this.#play = button('play');
    this.#mute = button('mute');
    this.#unmute = button('unmute');
    this.#live = button('live');
    this.#volume = one(root, '[data-volume]', HTMLInputElement);
    const pip = button('pip');
    pip.hidden = !document.pictureInPictureEnabled;
    this.#on(this.#play, 'play');
    this.#on(button('start'), 'play');
    this.#on(this.#mute, 'mute');
    this.#on(this.#unmute, 'mute');
    this.#on(this.#live, 'live');
    this.#on(pip, 'pip');
    this.#on(button('full'), 'full');
    this.#volume.addEventListener('input', () => {
      video.volume = this.#volume.valueAsNumber;
      video.muted = video.volume === 0;
    });
    for (const event of ['play', 'pause', 'volumechange']) {
      video.addEventListener(event, () => {
        this.show();
      });
    }
    this.show();
  }

  /** Does what a button, or its key, asks for. */
  do(action: Action): void {
    const video = this.#video;
    switch (action) {
      case 'play':
        if (video.paused || this.#session.blocked) this.#session.play();
        else video.pause();
        break;
      case 'mute':
        video.muted = !video.muted;
        if (!video.muted && video.volume === 0) video.volume = 1;
        break;
      case 'live':
        this.#session.player?.goLive();
        this.#session.play();
        break;
      case 'pip':
        void togglePip(video);
        break;
      case 'full':
        toggleFullscreen(one(this.#root, '.stage', HTMLElement), video);
        break;
    }
  }

  /** Shows the state of the element as it is now. */
  show(): void {
    const { paused, muted, volume } = this.#video;
    face(this.#play, paused ? 'play' : 'pause', paused ? 'Play (k)' : 'Pause (k)');
    face(this.#mute, muted ? 'muted' : 'sound', muted ? 'Unmute (m)' : 'Mute (m)');
    this.#volume.valueAsNumber = muted ? 0 : volume;
    this.#unmute.hidden = !muted || this.#session.state !== 'playing';
    this.#showEdge(paused || (this.#session.player?.behind() ?? 0) > BEHIND);
    this.#live.hidden = this.#session.state !== 'playing';
  }

  #showEdge(behind: boolean): void {
    this.#live.classList.toggle('behind', behind);
    setText(this.#live, behind ? 'Go live' : 'Live');
    this.#live.title = behind ? 'Jump to the live edge (l)' : 'Playing at the live edge';
  }

  #on(button: HTMLButtonElement, action: Action): void {
    button.addEventListener('click', () => {
      this.do(action);
    });
  }
}

export type Action = 'play' | 'mute' | 'live' | 'pip' | 'full';

/** What a key asks for; null for every other key. */
export function actionOf(key: string): Action | null {
  switch (key.toLowerCase()) {
    case 'k':
    case ' ':
      return 'play';
    case 'm':
      return 'mute';
    case 'l':
      return 'live';
    case 'f':
      return 'full';
    default:
      return null;
  }
}

function face(button: HTMLButtonElement, icon: string, label: string): void {
  one(button, 'use', SVGUseElement).setAttribute('href', `#i-${icon}`);
  button.setAttribute('aria-label', label.replace(/ \(.\)$/, ''));
  button.title = label;
}

async function togglePip(video: HTMLVideoElement): Promise<void> {
  try {
    if (document.pictureInPictureElement) await document.exitPictureInPicture();
    else await video.requestPictureInPicture();
  } catch {
    // Refused by the browser, before there is a picture for instance.
  }
}

/** iPhones show only the video element itself on the whole screen. */
interface WithNativeFullscreen {
  webkitEnterFullscreen?: () => void;
}

function toggleFullscreen(stage: HTMLElement, video: HTMLVideoElement): void {
  const refused = (): void => undefined;
  if (document.fullscreenElement) document.exitFullscreen().catch(refused);
  else if (document.fullscreenEnabled) stage.requestFullscreen().catch(refused);
  else (video as WithNativeFullscreen).webkitEnterFullscreen?.();
}
