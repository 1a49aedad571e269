import { instantiate, one, setText } from './dom';
import { formatCount, formatTime } from './format';
import type { StreamEvent } from './report';

const FEW = 8; // that are shown without being asked

/** What happened, the newest first; items that were there stay where they are. */
export class EventList {
  readonly #root: HTMLElement;
  readonly #list: HTMLElement;
  readonly #more: HTMLButtonElement;
  readonly #items = new Map<string, HTMLElement>();
  readonly #named: boolean;
  #all = false;

  /** `named` says of which stream each is. */
  constructor(root: HTMLElement, named: boolean) {
    this.#root = root;
    this.#named = named;
    this.#list = one(root, '[data-events]', HTMLElement);
    this.#more = one(root, '[data-more]', HTMLButtonElement);
    this.#more.addEventListener('click', () => {
      this.#all = !this.#all;
      this.#fold();
    });
  }

  /** Shows them; null where the gateway tells of none. */
  show(events: readonly StreamEvent[] | null, now: number): void {
    this.#root.hidden = events === null;
    const keys = (events ?? []).map(({ time, stream, kind, text }) => `${time} ${stream} ${kind} ${text}`);
    const known = new Set(keys);
    for (const [key, item] of this.#items) {
      if (known.has(key)) continue;
      item.remove();
      this.#items.delete(key);
    }
    (events ?? []).forEach((event, i) => {
      const key = keys[i] ?? '';
      const item = this.#items.get(key) ?? this.#make(event, now);
      this.#items.set(key, item);
      if (this.#list.children[i] !== item) this.#list.insertBefore(item, this.#list.children[i] ?? null);
    });
    one(this.#root, '[data-none]', HTMLElement).hidden = keys.length > 0;
    this.#fold();
  }

  #make({ time, stream, kind, text }: StreamEvent, now: number): HTMLElement {
    const item = instantiate('event');
    item.dataset.kind = kind;
    const when = one(item, 'time', HTMLTimeElement);
    when.dateTime = new Date(time).toISOString();
    setText(when, formatTime(time, now));
    const name = one(item, '[data-stream]', HTMLElement);
    name.hidden = !this.#named || stream === '';
    setText(name, stream);
    setText(one(item, '[data-text]', HTMLElement), text || kind);
    return item;
  }

  #fold(): void {
    const items = [...this.#list.children] as HTMLElement[];
    items.forEach((item, i) => {
      item.hidden = !this.#all && i >= FEW;
    });
    this.#more.hidden = items.length <= FEW;
    this.#more.setAttribute('aria-expanded', String(this.#all));
    setText(this.#more, this.#all ? 'Show fewer' : `Show all ${formatCount(items.length)}`);
  }
}
