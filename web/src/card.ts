import { instantiate, one, setText } from './dom';
import { Figures } from './figures';
import { FindingList, showLevel } from './finding-list';
import { canShow, drawNewest } from './picture';
import { fullName, levelOf, parseStreamStatus, type Report, type Sample, type Track } from './report';
import { merge, withNow } from './samples';
import { below } from './site';
import { encoderName, facts, health, improvements, onAir, onAirFor, PHASES } from './words';

/** One stream on the page of all. What is in it is changed in place: it stays where it is, with its focus. */
export class Card {
  readonly root = instantiate('stream');
  report: Report;
  readonly #canvas = one(this.root, 'canvas', HTMLCanvasElement);
  readonly #findings = new FindingList(one(this.root, '[data-findings]', HTMLElement));
  readonly #figures = new Figures(this.root, 'spark');
  #samples: Sample[] = [];
  #now = 0;
  #known = false; // whether the samples of before this page are among them
  #drawn: string | null = null;

  constructor(report: Report) {
    this.report = report;
    one(this.root, '[data-open]', HTMLAnchorElement).href = below('', report.path);
    this.#set('app', report.app === '' ? '' : `${report.app} / `);
    this.#set('name', report.name || report.path);
    one(this.root, 'h3', HTMLElement).title = fullName(report); // there may be no room for it
    this.#canvas.setAttribute('aria-label', `Picture of ${fullName(report)}`);
  }

  /** Shows how the stream is at a time; `seen` says whether anybody sees that. */
  show(report: Report, now: number, seen: boolean): void {
    this.report = report;
    this.#now = now;
    this.#samples = withNow(this.#samples, report, now);
    this.root.dataset.phase = report.phase;
    this.root.dataset.live = String(onAir(report));
    this.#set('badge', PHASES[report.phase]);
    this.#set('since', onAirFor(report, now));
    this.#set('encoder', encoderName(report.encoder));
    one(this.root, '[data-standby]', HTMLElement).hidden = !report.standby;
    this.#showFacts(facts(report.tracks));
    this.#showFindings();
    this.#figures.tell(report);
    this.#showPicture();
    if (seen) void this.#figures.draw(this.#samples, now);
  }

  /** Does what costs, when it is in view: a new picture, and once what there was before. */
  async refresh(): Promise<boolean> {
    const base = below('', this.report.path);
    if (!this.#known) await this.#recall(base);
    const track = picture(this.report);
    if (!track || !canShow(track.codecs)) return true;
    if (this.report.phase === 'starting') return false;
    if (!onAir(this.report) && this.#drawn !== null) return true;
    this.#drawn = await drawNewest(this.#canvas, base, track.id, track.codecs, this.#drawn);
    this.#showPicture();
    return this.#drawn !== null;
  }

  destroy(): void {
    this.#figures.destroy();
    this.root.remove();
  }

  async #recall(base: string): Promise<void> {
    this.#known = true;
    const response = await fetch(`${base}status.json`);
    if (!response.ok) return;
    const status = parseStreamStatus(await response.json());
    this.#samples = merge(status?.report.history ?? [], this.#samples);
    void this.#figures.draw(this.#samples, this.#now);
  }

  #showPicture(): void {
    this.#canvas.hidden = this.#drawn === null;
    this.#set('nothing', this.#drawn === null ? withoutPicture(this.report) : '');
  }

  #showFindings(): void {
    const { findings } = this.report;
    const seen = onAir(this.report);
    const mark = one(this.root, '[data-mark]', HTMLElement);
    mark.classList.toggle('blank', !seen);
    showLevel(this.root, levelOf(findings), health(findings));
    one(this.root, 'details', HTMLDetailsElement).hidden = findings.length === 0;
    one(this.root, '[data-fine]', HTMLElement).hidden = findings.length > 0;
    this.#set('fine', seen ? 'Nothing to improve' : 'Nobody publishes');
    this.#set('count', improvements(findings));
    this.#findings.show(findings);
  }

  /** One element a fact, so that lines break between facts only. */
  #showFacts(facts: string[]): void {
    const element = one(this.root, '[data-facts]', HTMLElement);
    if (element.textContent === facts.join('')) return;
    const spans = facts.map((fact) => {
      const span = document.createElement('span');
      span.textContent = fact;
      return span;
    });
    element.replaceChildren(...spans);
  }

  #set(name: string, text: string): void {
    setText(one(this.root, `[data-${name}]`, HTMLElement), text);
  }
}

/** The track that the picture is of. */
function picture({ tracks }: Report): Track | undefined {
  return tracks.find(({ kind }) => kind === 'video');
}

/** Why there is no picture. */
function withoutPicture(report: Report): string {
  const track = picture(report);
  if (!track) return report.tracks.length > 0 ? 'Sound only' : 'Waiting for the first picture';
  if (!canShow(track.codecs)) return `This browser shows no ${track.codec}`;
  return report.phase === 'ended' ? 'No picture' : 'Waiting for the first picture';
}
