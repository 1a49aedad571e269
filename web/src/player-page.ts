import { chosen, enginesOf, isChoice, recall, remember, type Choice } from './choice';
import { ServerClock } from './clock';
import { followClock } from './clock-sync';
import { actionOf } from './controls';
import { addCopyButtons } from './copy';
import { one } from './dom';
import { canPlay } from './players/open';
import { ENGINES, MANIFESTS } from './players/player';
import { expose } from './probe';
import { Screen, type Sound } from './screen';

const clock = new ServerClock();
const sound: Sound = { muted: true, volume: 1 };
const stage = one(document, '#screens', HTMLElement);
let screens: Screen[] = [];

nameThePage();
listAddresses();
addCopyButtons(document);
offerChoices();
document.addEventListener('keydown', onKey);
expose(() => screens);
void followClock(clock, 'time', new AbortController().signal);

/** The page is at /{app}/{name}/. */
function nameThePage(): void {
  const parts = location.pathname
    .split('/')
    .filter((part) => part !== '')
    .map(decode);
  const name = parts.pop() ?? '';
  one(document, '#app', HTMLElement).textContent = parts.map((part) => `${part} / `).join('');
  one(document, '#name', HTMLElement).textContent = name;
  document.title = `${name} · Sluice`;
}

function listAddresses(): void {
  for (const engine of ENGINES) {
    const link = one(document, `[data-manifest="${engine}"]`, HTMLAnchorElement);
    link.href = MANIFESTS[engine];
    link.textContent = link.href;
  }
}

function offerChoices(): void {
  const choice = chosen(location.search, recall());
  const inputs = [...document.querySelectorAll<HTMLInputElement>('#choice input')];
  for (const input of inputs) {
    input.disabled = !isChoice(input.value) || !enginesOf(input.value).every(canPlay);
    input.addEventListener('change', () => {
      if (!isChoice(input.value)) return;
      remember(input.value);
      show(input.value);
    });
  }
  const usable = inputs.find((input) => input.value === choice && !input.disabled) ?? inputs[0];
  if (!usable || !isChoice(usable.value)) return;
  usable.checked = true;
  show(usable.value);
}

function show(choice: Choice): void {
  for (const screen of screens) screen.destroy();
  screens = enginesOf(choice).map(
    (engine, i) => new Screen(engine, clock, { ...sound, muted: sound.muted || i > 0 }),
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

function decode(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}
