import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { follow } from '../src/feed';

let answers: (Response | Error)[];
let heard: string[];

beforeEach(() => {
  vi.useFakeTimers();
  answers = [];
  heard = [];
  vi.stubGlobal('document', { hidden: false });
  vi.stubGlobal('addEventListener', () => undefined);
  vi.stubGlobal('removeEventListener', () => undefined);
  vi.stubGlobal('fetch', () => {
    const next = answers.shift() ?? new Error('refused');
    return next instanceof Error ? Promise.reject(next) : Promise.resolve(next);
  });
  vi.spyOn(Math, 'random').mockReturnValue(0);
});

afterEach(() => {
  vi.useRealTimers();
  vi.unstubAllGlobals();
  vi.restoreAllMocks();
});

function listen(): void {
  void follow('status.json', {
    told: (json, now) => heard.push(`${JSON.stringify(json)} ${now}`),
    missing: () => heard.push('missing'),
    forbidden: () => heard.push('forbidden'),
    lost: () => heard.push('lost'),
  });
}

const fine = (): Response => new Response('{}', { headers: { Date: 'Thu, 01 Jan 1970 00:00:07 GMT' } });

test('asks every two seconds, by the clock of the gateway', async () => {
  answers = [fine(), fine()];
  listen();
  await vi.advanceTimersByTimeAsync(2500);
  expect(heard).toEqual(['{} 7000', '{} 7000']);
});

test('says that nobody answers, asks more and more seldom, and goes on', async () => {
  answers = [fine(), new Error('refused'), new Response('', { status: 503 }), new Response('{', {}), fine()];
  listen();
  await vi.advanceTimersByTimeAsync(2500);
  expect(heard).toEqual(['{} 7000', 'lost']);
  await vi.advanceTimersByTimeAsync(2000); // 2 s after the first
  expect(heard).toHaveLength(3);
  await vi.advanceTimersByTimeAsync(3000); // not yet 4 s after the second
  expect(heard).toHaveLength(3);
  await vi.advanceTimersByTimeAsync(1000); // no JSON
  expect(heard).toEqual(['{} 7000', 'lost', 'lost', 'lost']);
  await vi.advanceTimersByTimeAsync(8000);
  expect(heard.at(-1)).toBe('{} 7000');
});

test('knows what is not there from what is not for everybody', async () => {
  answers = [new Response('', { status: 404 }), new Response('', { status: 403 })];
  listen();
  await vi.advanceTimersByTimeAsync(6500);
  expect(heard).toEqual(['missing', 'forbidden']);
  await vi.advanceTimersByTimeAsync(20_000);
  expect(heard).toHaveLength(2);
});
