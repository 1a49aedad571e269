import { one, setText } from './dom';
import { EventList } from './event-list';
import { follow } from './feed';
import { Figures } from './figures';
import { FindingList, showLevel } from './finding-list';
import { formatBitrate, formatFrameRate, formatShort, UNKNOWN } from './format';
import { levelOf, parseStreamStatus, type Report, type Track } from './report';
import { codecOf, counts, format, health, keyInterval, news, onAir, onAirFor, skew } from './words';

const NO_ANSWER =
  'Cannot reach the gateway. What is said of the stream may be old; it is asked again by itself.';
const NO_RIGHT =
  'A token is needed to watch this stream. Whoever runs the gateway makes one; it stands in the address, in front of the name of the stream: /t/TOKEN/…';

/** How the stream is, below its players. */
export class HealthPanel {
  readonly #root = one(document, '#health', HTMLElement);
  readonly #events = new EventList(one(document, '#events', HTMLElement), false);
  readonly #findings = new FindingList(one(this.#root, '[data-findings]', HTMLElement));
  readonly #figures = new Figures(this.#root, 'chart');
  readonly #rows = new Map<string, HTMLTableRowElement>();
  #before: Report | null = null;

  /** Follows the stream for as long as there is the page. */
  run(): void {
    void follow('status.json', {
      told: (json, now) => {
        const status = parseStreamStatus(json);
        this.#trouble('');
        if (!status) return;
        this.#show(status.report, now);
        this.#events.show(status.events, now);
      },
      missing: () => {
        this.#trouble('');
        this.#gone();
      },
      forbidden: () => {
        this.#trouble(NO_RIGHT);
      },
      lost: () => {
        this.#trouble(NO_ANSWER);
      },
    });
  }

  #show(report: Report, now: number): void {
    const known = onAir(report);
    this.#tell(report);
    one(this.#root, '[data-mark]', HTMLElement).classList.toggle('blank', !known);
    showLevel(one(this.#root, '.bar', HTMLElement), levelOf(report.findings), health(report.findings));
    this.#set('since', onAirFor(report, now));
    this.#set('encoder', report.encoder);
    this.#set('standby', report.standby ? 'A backup stands by' : '');
    this.#set('fine', known ? 'Nothing: all is as it should be.' : 'Nobody publishes at the moment.');
    one(this.#root, '[data-fine]', HTMLElement).hidden = report.findings.length > 0;
    this.#findings.show(report.findings);
    this.#figures.tell(report);
    void this.#figures.draw(report.history, now);
    this.#showCounts(counts(report));
    this.#showTracks(report.tracks);
  }

  /** There is no such stream any more: what is known of the one that was stays. */
  #gone(): void {
    if (!this.#before) return;
    one(this.#root, '[data-mark]', HTMLElement).classList.add('blank');
    this.#set('since', 'Not on air');
  }

  /** Tells those who do not see it what became worse. */
  #tell(report: Report): void {
    const said = this.#before ? news(new Map([[report.path, this.#before]]), [report]) : [];
    this.#before = report;
    if (said.length > 0) setText(one(document, '#news', HTMLElement), said.join(' '));
  }

  #showCounts(counts: [name: string, value: string][]): void {
    const list = one(this.#root, '[data-counts]', HTMLElement);
    if (list.childElementCount !== counts.length) list.replaceChildren(...counts.map(entry));
    counts.forEach(([name, value], i) => {
      const shown = list.children[i];
      if (!shown) return;
      setText(one(shown, 'dt', HTMLElement), name);
      setText(one(shown, 'dd', HTMLElement), value);
    });
  }

  #showTracks(tracks: readonly Track[]): void {
    const body = one(this.#root, '[data-rows]', HTMLElement);
    const ids = new Set(tracks.map(({ id }) => id));
    for (const [id, row] of this.#rows) {
      if (ids.has(id)) continue;
      row.remove();
      this.#rows.delete(id);
    }
    tracks.forEach((track, i) => {
      const row = this.#rows.get(track.id) ?? newRow();
      this.#rows.set(track.id, row);
      cells(track).forEach((text, column) => {
        const cell = row.cells[column];
        if (cell) setText(cell, text);
      });
      if (body.children[i] !== row) body.insertBefore(row, body.children[i] ?? null);
    });
    one(this.#root, '[data-tracks]', HTMLElement).hidden = tracks.length === 0;
  }

  #trouble(text: string): void {
    const notice = one(document, '#trouble', HTMLElement);
    notice.hidden = text === '';
    setText(notice, text);
    this.#root.classList.toggle('old', text !== '');
  }

  #set(name: string, text: string): void {
    setText(one(this.#root, `[data-${name}]`, HTMLElement), text);
  }
}

const COLUMNS = 8;

function cells(track: Track): string[] {
  const video = track.kind === 'video';
  const called = [track.title, track.language].filter((part) => part !== '').join(', ');
  return [
    called === '' ? track.id : `${track.id} (${called})`,
    track.leftOut ? `${codecOf(track)}, left out` : codecOf(track),
    format(track),
    formatBitrate(track.bitrate),
    video ? formatFrameRate(track.frameRate) : UNKNOWN,
    video ? keyInterval(track) : UNKNOWN,
    video ? (track.reorder > 0 ? formatShort(track.reorder) : 'None') : UNKNOWN,
    skew(track),
  ];
}

function newRow(): HTMLTableRowElement {
  const row = document.createElement('tr');
  const head = document.createElement('th');
  head.scope = 'row';
  row.append(head, ...Array.from({ length: COLUMNS - 1 }, () => document.createElement('td')));
  return row;
}

function entry(): HTMLElement {
  const holder = document.createElement('div');
  holder.append(document.createElement('dt'), document.createElement('dd'));
  return holder;
}
