/** What pages say of a stream. Pure. */

import {
  formatCodec,
  formatCount,
  formatElapsed,
  formatNumber,
  formatPicture,
  formatShort,
  UNKNOWN,
} from './format';
import { fullName, levelOf, type Finding, type Phase, type Report, type Track } from './report';

export const PHASES: Record<Phase, string> = {
  live: 'Live',
  starting: 'Starting',
  away: 'Off air',
  ended: 'Ended',
};

/** Whether somebody publishes it. */
export function onAir({ phase }: Report): boolean {
  return phase === 'live' || phase === 'starting';
}

/** How it is: `Healthy`, `1 notice`, `2 warnings`. */
export function health(findings: readonly Finding[]): string {
  const level = levelOf(findings);
  if (level === 'ok') return 'Healthy';
  return formatNumber(findings.filter((finding) => finding.level === level).length, level);
}

/** How many findings there are: `1 thing to improve`. */
export function improvements(findings: readonly Finding[]): string {
  return formatNumber(findings.length, 'thing to improve', 'things to improve');
}

/** The tracks in short: `H.264 High 3.1`, `1280 × 720`, `AAC-LC`; of several of a kind the first, and how many. */
export function facts(tracks: readonly Track[]): string[] {
  const video = tracks.filter(({ kind }) => kind === 'video');
  const audio = tracks.filter(({ kind }) => kind === 'audio');
  return [
    video[0] && counted(codecOf(video[0]), video.length),
    video[0] && formatPicture(video[0].width, video[0].height),
    audio[0] && counted(codecOf(audio[0]), audio.length),
  ].filter((fact) => fact !== undefined && fact !== UNKNOWN) as string[];
}

/** What encoders call themselves, as people call them: `OBS 30.2.3`, `ffmpeg`; others as they do. */
export function encoderName(encoder: string): string {
  const obs = /libobs version ([\w.-]+)/.exec(encoder);
  if (obs?.[1]) return `OBS ${obs[1]}`;
  return encoder.startsWith('Lavf') ? 'ffmpeg' : encoder;
}

/** The codec of a track as people call it. */
export function codecOf({ codec, codecs }: Track): string {
  return codecs === '' ? codec : formatCodec(codecs);
}

/** For how long it is on air, or that it is not. */
export function onAirFor(report: Report, now: number): string {
  if (report.phase === 'ended') return 'It has ended';
  if (report.phase === 'away') return 'The encoder is away';
  return report.started === null ? 'On air' : `On air for ${formatElapsed(now - report.started)}`;
}

/** What is in a track: `1280 × 720`, or `48 kHz, stereo`. */
export function format(track: Track): string {
  if (track.kind === 'video') return formatPicture(track.width, track.height);
  const { sampleRate, channels } = track;
  const rate = sampleRate === null ? '' : `${Number((sampleRate / 1000).toFixed(2))} kHz`;
  return (
    [rate, channels === null ? '' : channelsOf(channels)].filter((part) => part !== '').join(', ') || UNKNOWN
  );
}

/** How far apart key frames are: `2 s`, `1.5 to 4 s`. */
export function keyInterval({ keyFrameShortest, keyFrameLongest }: Track): string {
  if (keyFrameLongest === null) return UNKNOWN;
  const digits = (seconds: number): string => String(Number(seconds.toFixed(1)));
  const [from, to] = [digits(keyFrameShortest ?? keyFrameLongest), digits(keyFrameLongest)];
  return from === to ? `${to} s` : `${from} to ${to} s`;
}

/** How far the sound is from the picture. */
export function skew(track: Track): string {
  if (track.kind !== 'audio') return UNKNOWN;
  const size = formatShort(Math.abs(track.skew));
  if (size === '0 ms') return 'None';
  return track.skew > 0 ? `${size} ahead` : `${size} behind`;
}

/** What is counted of a stream, and what happened to it that should not. */
export function counts(report: Report): [name: string, value: string][] {
  const { publishers, periods, lostSegments, window, behind, drift, repairs } = report;
  const [first, ...more]: [string, string][] = repairs.map(([kind, times]) => [
    capital(kind),
    `${formatCount(times)} ×`,
  ]);
  return [
    ['Publishers', formatCount(publishers)],
    ['Interruptions', formatCount(Math.max(0, periods - 1))],
    ['Lost segments', formatCount(lostSegments)],
    ['Viewers can go back', window === null ? UNKNOWN : formatElapsed(window * 1000)],
    ['Comes late by', behind > 0 ? formatShort(behind) : 'Nothing'],
    ['Clock of the encoder', drift === 0 ? 'Right' : `${Math.abs(drift)} ppm ${drift > 0 ? 'fast' : 'slow'}`],
    ...(first ? [first, ...more] : ([['Times repaired', 'Never']] as [string, string][])),
  ];
}

/** What became worse from one report to the next and is to be told to who does not see it. */
export function news(before: ReadonlyMap<string, Report>, reports: readonly Report[]): string[] {
  return reports.flatMap((report) => {
    const old = before.get(report.path);
    if (!old) return [];
    return report.findings
      .filter(({ level }) => level === 'warning')
      .filter(({ code, track }) => !old.findings.some((f) => f.code === code && f.track === track))
      .map(({ text }) => `Warning for ${fullName(report)}: ${text}`);
  });
}

/** How many streams there are, of which sort. */
export function summary(reports: readonly Report[]): string {
  const live = reports.filter(onAir).length;
  const off = reports.length - live;
  if (reports.length === 0) return '';
  const lives = live === 0 ? 'No stream is live' : `${formatNumber(live, 'stream')} live`;
  return off === 0 ? lives : `${lives}, ${formatCount(off)} off air`;
}

function capital(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}

function counted(what: string, n: number): string {
  return n > 1 ? `${n} × ${what}` : what;
}

function channelsOf(n: number): string {
  if (n === 1) return 'mono';
  return n === 2 ? 'stereo' : `${n} channels`;
}
