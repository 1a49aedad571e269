import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer, type AddressInfo, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { available, BINARY } from './gateway';

// Runs the gateway with its pid on a line of its own, and again when it has ended and a line comes in. It holds
// the sockets, which the gateway finds as systemd passes them.
const SUPERVISOR = `
export LISTEN_FDS=2 LISTEN_FDNAMES=http:rtmp
while
  (LISTEN_PID=$BASHPID exec "$0" "$@" 2>&1 </dev/null) & echo "pid $!"
  wait $!
  read -r
do :; done`;

/** A gateway that can die, and whose sockets somebody else holds: who comes meanwhile waits. */
export interface ActivatedGateway {
  /** host:port */
  rtmp: string;
  /** host:port */
  http: string;
  /** Kills the gateway and, so many milliseconds later, starts it again. */
  crash(away: number): Promise<void>;
  /** Stops the gateway and removes the segments. */
  stop(): Promise<void>;
}

/** Starts one with a segment folder of its own; `settings` are variables such as SLUICE_STREAM_LINGER. */
export async function activateGateway(settings: NodeJS.ProcessEnv): Promise<ActivatedGateway> {
  const segments = await mkdtemp(join(tmpdir(), 'sluice-e2e-'));
  const sockets = await Promise.all([listen(), listen()]);
  const [http, rtmp] = sockets.map((socket) => `127.0.0.1:${(socket.address() as AddressInfo).port}`);
  const supervisor = spawn('bash', ['-c', SUPERVISOR, BINARY, 'serve', '--segments', segments], {
    stdio: ['pipe', 'pipe', 'inherit', ...sockets.map(descriptor)],
    env: { ...process.env, ...settings },
  });
  for (const socket of sockets) socket.close();
  const child = new Child(supervisor);
  const up = (): Promise<void> => available(`http://${http}/streams.json`);
  await up();
  return {
    rtmp: rtmp ?? '',
    http: http ?? '',
    crash: async (away) => {
      child.end('SIGKILL');
      await new Promise((done) => setTimeout(done, away));
      supervisor.stdin?.write('\n');
      await up();
    },
    stop: async () => {
      const gone = once(supervisor, 'exit');
      supervisor.stdin?.end();
      child.end('SIGTERM');
      await gone;
      await rm(segments, { recursive: true, force: true });
    },
  };
}

/** The gateway that a supervisor has started last. */
class Child {
  #pid = 0;

  constructor(supervisor: ChildProcess) {
    if (!supervisor.stdout) return;
    createInterface(supervisor.stdout).on('line', (text) => {
      const pid = /^pid (\d+)$/.exec(text)?.[1];
      if (pid) this.#pid = Number(pid);
    });
  }

  end(signal: NodeJS.Signals): void {
    if (this.#pid) process.kill(this.#pid, signal);
  }
}

function listen(): Promise<Server> {
  const server = createServer();
  return new Promise((done) => {
    server.listen(0, '127.0.0.1', () => {
      done(server);
    });
  });
}

/** The descriptor that a server listens at. Node has no public name for it. */
function descriptor(server: Server): number {
  return (server as unknown as { _handle: { fd: number } })._handle.fd;
}
