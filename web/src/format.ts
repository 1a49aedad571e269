/** Figures and names as people read them. Pure. */

import type { Piece } from './players/player';

export const UNKNOWN = '–';

/** Seconds: two decimals below three, one above, `4 min 05 s` from a hundred on. */
export function formatSeconds(seconds: number | null): string {
  if (seconds === null || !Number.isFinite(seconds)) return UNKNOWN;
  const size = Math.abs(seconds);
  if (size < 2.995) return `${seconds.toFixed(2)} s`;
  if (size < 99.95) return `${seconds.toFixed(1)} s`;
  return formatElapsed(seconds * 1000);
}

/** Bits a second as `820 kb/s` or `2.8 Mb/s`. */
export function formatBitrate(bits: number | null): string {
  if (bits === null || !Number.isFinite(bits)) return UNKNOWN;
  if (bits < 999_500) return `${Math.round(bits / 1000)} kb/s`;
  return `${(bits / 1e6).toFixed(bits < 9_950_000 ? 1 : 0)} Mb/s`;
}

/** Milliseconds as `12 s`, `4 min 05 s`, `2 h 07 min` or `3 d 4 h`. */
export function formatElapsed(ms: number): string {
  const seconds = Math.max(0, Math.floor(ms / 1000));
  const minutes = Math.floor(seconds / 60);
  const hours = Math.floor(minutes / 60);
  if (minutes === 0) return `${seconds} s`;
  if (hours === 0) return `${minutes} min ${two(seconds % 60)} s`;
  if (hours < 24) return `${hours} h ${two(minutes % 60)} min`;
  return `${Math.floor(hours / 24)} d ${hours % 24} h`;
}

/** `1280 × 720`, and the frame rate when it is known: `1280 × 720 · 29.97 fps`. */
export function formatPicture(
  width: number | null,
  height: number | null,
  rate: number | null = null,
): string {
  if (!width || !height) return UNKNOWN;
  const size = `${width} × ${height}`;
  return rate ? `${size} · ${Number(rate.toFixed(2))} fps` : size;
}

/** Frames a second: `29.97 fps`. */
export function formatFrameRate(rate: number | null): string {
  return rate ? `${Number(rate.toFixed(2))} fps` : UNKNOWN;
}

/** Seconds of what is short in milliseconds: `33 ms`, `-120 ms`, `2.50 s`. */
export function formatShort(seconds: number): string {
  return Math.abs(seconds) < 0.9995 ? `${Math.round(seconds * 1000)} ms` : formatSeconds(seconds);
}

/** A number of things: `1 viewer`, `2 viewers`. */
export function formatNumber(n: number, one: string, many = `${one}s`): string {
  return `${formatCount(n)} ${n === 1 ? one : many}`;
}

/** A time of day, with the day when that is another than `now`'s: `14:03:07`, `30 Nov 23:59:01`. */
export function formatTime(time: number, now: number, timeZone?: string): string {
  const zone = timeZone === undefined ? {} : { timeZone };
  const day = new Intl.DateTimeFormat('en-GB', { day: 'numeric', month: 'short', ...zone });
  const clock = new Intl.DateTimeFormat('en-GB', { timeStyle: 'medium', ...zone });
  return day.format(time) === day.format(now)
    ? clock.format(time)
    : `${day.format(time)} ${clock.format(time)}`;
}

/** A playback rate: `1×`, `1.05×`. */
export function formatRate(rate: number): string {
  return `${Number(rate.toFixed(2))}×`;
}

/** What a player loads at a time: `250 ms parts`, `2 s segments`. */
export function formatPiece(piece: Piece | null): string {
  if (!piece || !(piece.seconds > 0)) return UNKNOWN;
  const { kind, seconds } = piece;
  const length = seconds < 0.9995 ? `${Math.round(seconds * 1000)} ms` : `${Number(seconds.toFixed(2))} s`;
  switch (kind) {
    case 'part':
      return `${length} parts`;
    case 'growing segment':
      return `growing ${length} segments`;
    case 'segment':
      return `${length} segments`;
  }
}

/** A whole number with thin spaces between thousands. */
export function formatCount(n: number): string {
  return String(Math.round(n)).replace(/\B(?=(\d{3})+$)/g, '\u2009');
}

/** An RFC 6381 codec name in words: `H.264 High 3.1`, `AAC-LC`. An unknown one is returned as it is. */
export function formatCodec(codec: string): string {
  const [kind = '', ...rest] = codec.split('.');
  const profile = rest.join('.');
  switch (kind.toLowerCase()) {
    case 'avc1':
    case 'avc3':
      return h264(profile);
    case 'hvc1':
    case 'hev1':
      return 'HEVC';
    case 'av01':
      return 'AV1';
    case 'vp09':
      return 'VP9';
    case 'mp4a':
      return aac(profile.toLowerCase());
    case 'opus':
      return 'Opus';
    case 'flac':
      return 'FLAC';
    case 'ac-3':
      return 'AC-3';
    case 'ec-3':
      return 'E-AC-3';
    default:
      return codec;
  }
}

/** Whether an RFC 6381 name is one of an audio codec. */
export function isAudioCodec(codec: string): boolean {
  return /^(mp4a|opus|flac|ac-3|ec-3|mp3)/i.test(codec);
}

// ISO/IEC 14496-15: avc1.PPCCLL, profile, constraints and level in hexadecimal.
function h264(profile: string): string {
  const bytes = /^([0-9a-f]{2})([0-9a-f]{2})([0-9a-f]{2})$/i.exec(profile);
  if (!bytes) return 'H.264';
  const name = { 0x42: 'Baseline', 0x4d: 'Main', 0x58: 'Extended', 0x64: 'High', 0x6e: 'High 10' }[
    parseInt(bytes[1] ?? '', 16)
  ];
  const level = parseInt(bytes[3] ?? '', 16) / 10;
  return ['H.264', name, level.toFixed(1)].filter(Boolean).join(' ');
}

// ISO/IEC 14496-3: mp4a.40.{audio object type}; 69 and 6B are the two MP3s.
function aac(profile: string): string {
  const names: Record<string, string> = {
    '40.2': 'AAC-LC',
    '40.5': 'HE-AAC',
    '40.29': 'HE-AAC v2',
    '40.34': 'MP3',
    '69': 'MP3',
    '6b': 'MP3',
  };
  return names[profile] ?? 'AAC';
}

function two(n: number): string {
  return String(n).padStart(2, '0');
}
