import { instantiate, one, setText } from './dom';
import type { Finding } from './report';

/** Findings with their advice; what was there before stays the element that it was. */
export class FindingList {
  readonly #list: HTMLElement;
  readonly #items = new Map<string, HTMLElement>();

  constructor(list: HTMLElement) {
    this.#list = list;
  }

  show(findings: readonly Finding[]): void {
    const keys = findings.map((finding) => `${finding.code} ${finding.track}`);
    for (const [key, item] of this.#items) {
      if (keys.includes(key)) continue;
      item.remove();
      this.#items.delete(key);
    }
    findings.forEach((finding, i) => {
      const key = keys[i] ?? '';
      const item = this.#items.get(key) ?? instantiate('finding');
      this.#items.set(key, item);
      fill(item, finding);
      if (this.#list.children[i] !== item) this.#list.insertBefore(item, this.#list.children[i] ?? null);
    });
  }
}

function fill(item: HTMLElement, { level, track, text, advice }: Finding): void {
  item.dataset.level = level;
  showLevel(item, level, level === 'warning' ? 'Warning' : 'Notice');
  setText(one(item, '[data-track]', HTMLElement), track);
  setText(one(item, '[data-text]', HTMLElement), sentence(text));
  setText(one(item, '[data-advice]', HTMLElement), sentence(advice));
}

/** Shows a level with its sign, a word and a colour. */
export function showLevel(root: HTMLElement, level: string, word: string): void {
  const mark = one(root, '[data-mark]', HTMLElement);
  const sign = `#i-${level}`;
  const use = one(mark, 'use', SVGUseElement);
  if (mark.dataset.level !== level) {
    mark.dataset.level = level;
    use.setAttribute('href', sign);
  }
  setText(one(mark, '[data-word]', HTMLElement), word);
}

function sentence(text: string): string {
  if (text === '') return '';
  const begun = text.charAt(0).toUpperCase() + text.slice(1);
  return /[.!?]$/.test(begun) ? begun : `${begun}.`;
}
