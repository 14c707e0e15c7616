/**
 * Ports for our servers are taken from a range below every system's ephemeral ports. A port out of the ephemeral range is
 * no good for a server that restarts: while it is away, a client that reconnects in a loop is some day given that very
 * port as its own source, connects to itself, and the server never gets its port back.
 */
import { randomInt } from 'node:crypto';
import { createServer } from 'node:net';

const firstPort = 20_000;
const lastPort = 31_999;
const maxAttempts = 200;

const isFree = (port: number): Promise<boolean> =>
  new Promise((resolve) => {
    const probe = createServer();
    probe.once('error', () => resolve(false));
    probe.listen({ port, host: '127.0.0.1', exclusive: true }, () => probe.close(() => resolve(true)));
  });

/** A loopback TCP port that nobody listens on now. It may be taken before it is used: whoever uses it must try again. */
export async function findFreePort(
  random: (min: number, max: number) => number = randomInt,
): Promise<number> {
  for (let attempt = 0; attempt < maxAttempts; attempt += 1) {
    const port = random(firstPort, lastPort + 1);
    if (await isFree(port)) return port;
  }
  throw new Error(
    `No free loopback port found between ${firstPort} and ${lastPort} in ${maxAttempts} attempts.`,
  );
}
