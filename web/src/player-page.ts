import { chosen, enginesOf, hasLowLatency, isOneOf, recall, remember, type Choices } from './choice';
import { ServerClock } from './clock';
import { followClock } from './clock-sync';
import { actionOf } from './controls';
import { addCopyButtons } from './copy';
import { one } from './dom';
import { HealthPanel } from './health-panel';
import { canPlay } from './players/open';
import { expose } from './probe';
import { Screen, type Sound } from './screen';
import { streamAt } from './site';
import { sleep } from './sleep';

const PICTURE_FIRST = 2000; // ms that all else waits for the first picture

const clock = new ServerClock();
const sound: Sound = { muted: true, volume: 1 };
const stage = one(document, '#screens', HTMLElement);
const low = one(document, '#low', HTMLInputElement);
let screens: Screen[] = [];

nameThePage();
listAddresses();
addCopyButtons(document);
offerChoices();
document.addEventListener('keydown', onKey);
expose(() => screens);
void firstPicture().then(() => {
  new HealthPanel().run();
});
void followClock(clock, 'time', new AbortController().signal);

/** The page is at /{app}/{name}/, behind a token or a prefix of a proxy's, which are not for all to see. */
function nameThePage(): void {
  const [app = '', name = ''] = streamAt(location.pathname).split('/');
  one(document, '#app', HTMLElement).textContent = `${app} / `;
  one(document, '#name', HTMLElement).textContent = name;
  document.title = `${name} · Sluice`;
}

/** Links carry the name of their manifest; what is shown and copied is the whole address. */
function listAddresses(): void {
  for (const link of document.querySelectorAll<HTMLAnchorElement>('.addresses a')) {
    link.textContent = link.href;
  }
}

function offerChoices(): void {
  const choices = chosen(location.search, recall);
  const inputs = [...document.querySelectorAll<HTMLInputElement>('#choice input')];
  for (const input of inputs) {
    const { value } = input;
    input.disabled = !isOneOf('player', value) || !enginesOf(value).every(canPlay);
    input.addEventListener('change', () => {
      if (!isOneOf('player', value)) return;
      choices.player = value;
      remember('player', value);
      show(choices);
    });
  }
  low.checked = choices.latency === 'low';
  low.addEventListener('change', () => {
    choices.latency = low.checked ? 'low' : 'normal';
    remember('latency', choices.latency);
    show(choices);
  });
  const usable = inputs.find((input) => input.value === choices.player && !input.disabled) ?? inputs[0];
  if (!usable || !isOneOf('player', usable.value)) return;
  usable.checked = true;
  choices.player = usable.value;
  show(choices);
}

/** Resolves when there is a picture, or when there is none for a while. */
function firstPicture(): Promise<void> {
  const there = new AbortController();
  for (const { video } of screens) {
    video.addEventListener('loadeddata', () => {
      there.abort();
    });
  }
  return sleep(PICTURE_FIRST, there.signal);
}

function show({ player, latency }: Choices): void {
  const engines = enginesOf(player);
  low.disabled = !engines.some(hasLowLatency);
  for (const screen of screens) screen.destroy();
  screens = engines.map(
    (engine, i) =>
      new Screen(engine, hasLowLatency(engine) ? latency : 'normal', clock, {
        ...sound,
        muted: sound.muted || i > 0,
      }),
  );
  for (const screen of screens) {
    stage.append(screen.root);
    screen.video.addEventListener('volumechange', () => {
      keepSound(screen);
    });
  }
  stage.classList.toggle('pair', screens.length > 1);
}

/** One screen is heard at a time, and the next one sounds as the last one did. */
function keepSound(screen: Screen): void {
  const { muted, volume } = screen.video;
  if (!screens.includes(screen)) return;
  if (!muted) {
    for (const other of screens) if (other !== screen) other.video.muted = true;
  }
  sound.muted = screens.every(({ video }) => video.muted);
  sound.volume = volume;
}

function onKey(event: KeyboardEvent): void {
  const action = actionOf(event.key);
  const typing =
    event.target instanceof Element && event.target.closest('button, input, a, select, textarea');
  if (!action || typing || event.ctrlKey || event.metaKey || event.altKey) return;
  event.preventDefault();
  screens[0]?.do(action);
}
