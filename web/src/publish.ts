/** What an encoder must be told to publish here. Pure. */

/** The RTMP server address for a host name, as encoders want it: without the stream key. */
export function rtmpServer(hostname: string): string {
  return `rtmp://${hostname}:1935/live`;
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
