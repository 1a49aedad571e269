import { connect, createServer, type AddressInfo, type Socket } from 'node:net';

/** A way to the gateway that is only so wide, for all connections together: the last mile of one viewer. */
export interface NarrowWay {
  /** host:port */
  address: string;
  /** Kilobits a second from the gateway to the viewer. */
  rate: number;
  stop(): Promise<void>;
}

const TICK = 5; // milliseconds
const PACKET = 1448; // bytes
const QUEUE = 4; // packets of a connection that wait here; what is more waits in its sockets

/** What comes from the gateway on one connection. */
interface Flow {
  gateway: Socket;
  viewer: Socket;
  waits: Buffer[];
}

// Chromium's own throttling (Network.emulateNetworkConditions) holds back each read of a response for as long as its
// bytes take. A link lets packets of all connections through in turn, and this does.

/** Opens a way to host:port. */
export async function openWay(to: string, rate: number): Promise<NarrowWay> {
  const [host = '', port = ''] = to.split(':');
  let flows: Flow[] = [];
  const server = createServer({ noDelay: true }, (viewer) => {
    const gateway = connect({ port: Number(port), host, noDelay: true });
    const flow: Flow = { gateway, viewer, waits: [] };
    flows.push(flow);
    gateway.on('data', (data: Buffer) => {
      for (let at = 0; at < data.length; at += PACKET) flow.waits.push(data.subarray(at, at + PACKET));
      if (flow.waits.length > QUEUE) gateway.pause();
    });
    gateway.on('error', () => viewer.destroy());
    viewer.on('error', () => gateway.destroy());
    viewer.on('close', () => gateway.destroy());
    viewer.pipe(gateway);
  });
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));

  let credit = 0; // bytes that may pass
  let last = performance.now();
  /** Lets a packet of each connection through in turn, as far as there is room. */
  const release = (): void => {
    const now = performance.now();
    credit = Math.min(credit, 0) + ((now - last) * way.rate) / 8;
    last = now;
    flows = flows.filter(({ viewer }) => !viewer.destroyed);
    for (let idle = 0; credit > 0 && idle < flows.length;) {
      const flow = flows.shift();
      if (!flow) return;
      flows.push(flow);
      const packet = flow.waits.shift();
      idle = packet ? 0 : idle + 1;
      if (packet) flow.viewer.write(packet);
      credit -= packet?.length ?? 0;
      if (flow.waits.length <= QUEUE) flow.gateway.resume();
      if (flow.waits.length === 0 && flow.gateway.readableEnded) flow.viewer.end();
    }
  };
  const timer = setInterval(release, TICK);
  const way: NarrowWay = {
    address: `127.0.0.1:${(server.address() as AddressInfo).port}`,
    rate,
    stop: () => {
      clearInterval(timer);
      for (const { viewer } of flows) viewer.destroy();
      return new Promise<void>((done) => {
        server.close(() => {
          done();
        });
      });
    },
  };
  return way;
}
