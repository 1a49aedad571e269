import { addCopyButtons } from './copy';
import { one } from './dom';
import { ffmpegCommand, OBS_URL, parsePorts, type Ports, PUBLISH_URL, rtmpServer } from './publish';

/** How to publish here: open while nothing is on air, out of the way otherwise, unless somebody reads it. */
export class PublishPanel {
  readonly #root = one(document, '#publish', HTMLDetailsElement);
  #touched = false;

  constructor() {
    describe(parsePorts(null));
    void fetchPorts().then(describe);
    addCopyButtons(this.#root);
    const several = one(this.#root, '#several', HTMLDetailsElement);
    several.addEventListener(
      'toggle',
      () => {
        void describeSeveral();
      },
      { once: true },
    );
    one(this.#root, ':scope > summary', HTMLElement).addEventListener('click', () => {
      this.#touched = true;
    });
    one(document, '#to-publish', HTMLAnchorElement).addEventListener('click', () => {
      this.#touched = true;
      this.#root.open = true;
    });
  }

  /** Says whether there is anything on the page beside it. */
  show(alone: boolean): void {
    if (this.#touched || this.#root.contains(document.activeElement)) return;
    this.#root.open = alone;
  }
}

async function fetchPorts(): Promise<Ports> {
  try {
    const response = await fetch(PUBLISH_URL);
    return parsePorts(await response.json());
  } catch {
    return parsePorts(null);
  }
}

function describe(ports: Ports): void {
  const key = one(document, '#rtmp-key', HTMLElement).textContent;
  const server = rtmpServer(location.hostname, ports);
  one(document, '#rtmp-server', HTMLElement).textContent = server;
  one(document, '#ffmpeg-command', HTMLElement).textContent = ffmpegCommand(server, key);
}

async function describeSeveral(): Promise<void> {
  const config = one(document, '#obs-config', HTMLElement);
  try {
    const response = await fetch(OBS_URL);
    config.textContent = response.ok ? await response.text() : 'A token is needed to see it.';
  } catch {
    config.textContent = 'The gateway does not answer.';
  }
}
