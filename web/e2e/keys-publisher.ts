import { spawn } from 'node:child_process';
import { once } from 'node:events';

/** An encoder that can be stopped. */
export interface Publisher {
  stop(): Promise<void>;
}

/** Publishes, with ffmpeg, a picture without sound whose key frames are so many seconds apart. */
export function publishKeys(url: string, apart: number): Publisher {
  const input = ['-re', '-f', 'lavfi', '-i', 'testsrc2=s=320x180:r=25'];
  const codec = ['-c:v', 'libx264', '-preset', 'ultrafast', '-tune', 'zerolatency', '-b:v', '300k'];
  const keys = ['-g', `${25 * apart}`, '-sc_threshold', '0'];
  const args = ['-nostdin', '-v', 'error', ...input, ...codec, ...keys, '-f', 'flv', url];
  const encoder = spawn('ffmpeg', args, { stdio: 'ignore' });
  return {
    stop: async () => {
      if (encoder.exitCode !== null || encoder.signalCode !== null) return;
      const gone = once(encoder, 'exit');
      encoder.kill('SIGKILL');
      await gone;
    },
  };
}
