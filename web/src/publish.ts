/** What an encoder must be told to publish here. Pure. */

/** What encoders must be told, as the gateway gives it. */
export const PUBLISH_URL = 'publish.json';

/** What OBS must be told to publish several video tracks, as the gateway gives it. */
export const OBS_URL = 'live/show/obs.json';

/** The port that encoders connect to when nothing else is said. */
export const RTMP_PORT = 1935;

/** Reads the port out of the gateway's answer. */
export function parsePort(json: unknown): number {
  const port = (json as { rtmpPort?: unknown } | null)?.rtmpPort;
  return typeof port === 'number' && port > 0 ? port : RTMP_PORT;
}

/** The RTMP server address for a host name, as encoders want it: without the stream key. */
export function rtmpServer(hostname: string, port: number): string {
  return `rtmp://${hostname}${port === RTMP_PORT ? '' : `:${port}`}/live`;
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
