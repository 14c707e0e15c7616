import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { diagnose } from './diagnosis';

describe('diagnose', () => {
  let directory: string;
  let server: Server;
  let status = 200;

  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), 'parley-diagnosis-'));
    server = createServer((request, response) =>
      response.writeHead(status).end(`${request.method} ${request.url}`),
    );
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  });
  afterEach(async () => {
    await new Promise((resolve) => server.close(resolve));
    await rm(directory, { recursive: true });
  });

  const run = (): Promise<void> =>
    diagnose({
      directory,
      serviceUrls: { gateway: [`http://127.0.0.1:${(server.address() as AddressInfo).port}`] },
      signal: new AbortController().signal,
      settleMs: 0,
      say: () => undefined,
    });

  it('saves a profile and a snapshot of each service', async () => {
    status = 200;
    await run();
    expect((await readdir(directory)).toSorted()).toEqual(['gateway-1.cpuprofile', 'gateway-1.heapsnapshot']);
    expect(await readFile(join(directory, 'gateway-1.cpuprofile'), 'utf8')).toBe(
      'POST /debug/profile?seconds=10',
    );
  });

  it('says what to switch on when a service refuses', async () => {
    status = 404;
    await expect(run()).rejects.toThrow('DEBUG_ENDPOINTS=true');
  });
});
