import { Card } from './card';
import { one, setText } from './dom';
import { EventList } from './event-list';
import { follow } from './feed';
import { formatBitrate, formatNumber } from './format';
import { PublishPanel } from './publish-panel';
import { parseStatus, type Report } from './report';
import { hasToken, pathWithToken } from './site';
import { Turns } from './turns';
import { news, onAir, summary } from './words';

const list = one(document, '#streams', HTMLElement);
const events = new EventList(one(document, '#events', HTMLElement), true);
const publish = new PublishPanel();
const turns = new Turns();
const cards = new Map<string, Card>();

askForToken();
void follow('status.json', {
  told(json, now) {
    const status = parseStatus(json);
    reach('ok');
    tell(status.streams);
    show(status.streams, now);
    events.show(status.events, now);
  },
  missing: () => {
    reach('lost');
  },
  forbidden: () => {
    reach('locked');
  },
  lost: () => {
    reach('lost');
  },
});

/** Says whether what there is is current, old, or not for who looks. */
function reach(state: 'ok' | 'lost' | 'locked'): void {
  document.body.dataset.reach = state;
  one(document, '#trouble', HTMLElement).hidden = state !== 'lost';
  one(document, '#locked', HTMLElement).hidden = state !== 'locked';
  one(document, '#dashboard', HTMLElement).hidden = state === 'locked';
  one(document, '#refused', HTMLElement).hidden = !hasToken(location.pathname);
}

function show(reports: Report[], now: number): void {
  const paths = new Set(reports.map(({ path }) => path));
  for (const [path, card] of cards) {
    if (paths.has(path)) continue;
    turns.remove(card.root);
    card.destroy();
    cards.delete(path);
  }
  reports.forEach((report, i) => {
    const card = cards.get(report.path) ?? add(report);
    card.show(report, now, turns.inView(card.root));
    if (list.children[i] !== card.root) list.insertBefore(card.root, list.children[i] ?? null);
  });
  list.hidden = reports.length === 0;
  one(document, '#empty', HTMLElement).hidden = reports.length > 0;
  publish.show(reports.length === 0);
  setText(one(document, '#summary', HTMLElement), summary(reports));
  setText(one(document, '#totals', HTMLElement), totals(reports));
  document.title = title(reports);
}

function add(report: Report): Card {
  const card = new Card(report);
  cards.set(report.path, card);
  turns.add(card.root, () => card.refresh());
  return card;
}

/** Tells those who do not see it what became worse. */
function tell(reports: Report[]): void {
  const before = new Map([...cards].map(([path, { report }]) => [path, report]));
  const said = news(before, reports);
  if (said.length > 0) setText(one(document, '#news', HTMLElement), said.slice(0, 3).join(' '));
}

function totals(reports: Report[]): string {
  const live = reports.filter(onAir);
  if (live.length === 0) return '';
  const viewers = live.reduce((sum, report) => sum + report.viewers, 0);
  const bitrate = live.reduce((sum, report) => sum + (report.bitrate ?? 0), 0);
  return `${formatNumber(viewers, 'viewer')} · ${formatBitrate(bitrate)} in`;
}

function title(reports: Report[]): string {
  const live = reports.filter(onAir).length;
  return live === 0 ? 'On air · Sluice' : `${live} on air · Sluice`;
}

function askForToken(): void {
  const form = one(document, '#token-form', HTMLFormElement);
  const input = one(form, 'input', HTMLInputElement);
  form.addEventListener('submit', (event) => {
    event.preventDefault();
    const path = pathWithToken(location.pathname, input.value);
    input.setCustomValidity(path === null ? 'This is no token.' : '');
    if (path === null) input.reportValidity();
    else location.assign(path);
  });
  input.addEventListener('input', () => {
    input.setCustomValidity('');
  });
}
