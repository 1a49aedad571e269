/** What an encoder must be told to publish here. Pure. */

/** What encoders must be told, as the gateway gives it. */
export const PUBLISH_URL = 'publish.json';

/** What OBS must be told to publish several video tracks, as the gateway gives it. */
export const OBS_URL = 'live/show/obs.json';

/** The port that encoders connect to when nothing else is said. */
export const RTMP_PORT = 1935;

/** The same with TLS. */
export const RTMPS_PORT = 443;

/** Where encoders connect. */
export interface Ports {
  rtmp: number;
  /** With TLS; 0 where there is none. */
  rtmps: number;
}

/** Reads the ports out of the gateway's answer. */
export function parsePorts(json: unknown): Ports {
  const { rtmpPort, rtmpsPort } = (json ?? {}) as { rtmpPort?: unknown; rtmpsPort?: unknown };
  return { rtmp: parsePort(rtmpPort, RTMP_PORT), rtmps: parsePort(rtmpsPort, 0) };
}

function parsePort(port: unknown, otherwise: number): number {
  return typeof port === 'number' && port > 0 ? port : otherwise;
}

/** The server address for a host name, as encoders want it: without the stream key, and with TLS if there is any. */
export function rtmpServer(hostname: string, ports: Ports): string {
  if (ports.rtmps > 0) return `rtmps://${withPort(hostname, ports.rtmps, RTMPS_PORT)}/live`;
  return `rtmp://${withPort(hostname, ports.rtmp, RTMP_PORT)}/live`;
}

function withPort(hostname: string, port: number, usual: number): string {
  return port === usual ? hostname : `${hostname}:${port}`;
}

/** An ffmpeg command that publishes a file in real time with a keyframe every two seconds. */
export function ffmpegCommand(server: string, key: string): string {
  return [
    'ffmpeg -re -stream_loop -1 -i input.mp4',
    '-c:v libx264 -preset veryfast -pix_fmt yuv420p',
    '-force_key_frames "expr:gte(t,n_forced*2)"',
    `-c:a aac -f flv ${server}/${key}`,
  ].join(' ');
}
