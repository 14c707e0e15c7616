/** `npm start` as a newcomer meets it: what it prints works, Ctrl-C loses nothing, yesterday's chats are there. */
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ParleyClient } from '@parley/client';
import { formatControlBlock } from '@parley/llmmock';
import { Standstill } from '@parley/testing';
import { ensureBuilt, root } from './testing/built';
import { textOf, Watcher } from './testing/watcher';

const main = join(root, 'apps/standalone/dist/main.js');
const READY_TIMEOUT_MS = 60_000;

interface Started {
  child: ChildProcess;
  /** All of stdout up to readiness. */
  output: string;
}

describe('npm start', () => {
  let dataDirectory: string;
  const children: ChildProcess[] = [];

  beforeAll(async () => {
    ensureBuilt();
    dataDirectory = await mkdtemp(join(tmpdir(), 'parley-standalone-'));
  }, 120_000);

  afterAll(async () => {
    await Promise.all(children.map(interrupt));
    await rm(dataDirectory, { recursive: true, force: true });
  }, 30_000);

  function launch(args: string[], env: Record<string, string> = {}): ChildProcess {
    const child = spawn(process.execPath, [main, ...args], {
      env: { PATH: process.env['PATH'], PORT: '0', PARLEY_DATA_DIR: dataDirectory, ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    children.push(child);
    return child;
  }

  /** Resolves with what it printed once `readyLine` is among it. */
  async function start(args: string[], readyLine: RegExp): Promise<Started> {
    const child = launch(args);
    let output = '';
    let errors = '';
    child.stderr?.on('data', (chunk: Buffer) => (errors += chunk.toString()));
    await new Promise<void>((resolve, reject) => {
      const timer = setTimeout(() => reject(new Error(`Not ready: ${output}${errors}`)), READY_TIMEOUT_MS);
      child.once('exit', (code) => reject(new Error(`It left with ${code}: ${errors}`)));
      child.stdout?.on('data', (chunk: Buffer) => {
        output += chunk.toString();
        if (!readyLine.test(output)) return;
        clearTimeout(timer);
        resolve();
      });
    });
    return { child, output };
  }

  const startJson = async (): Promise<
    Started & { client: ParleyClient; token: string; organizationId: string }
  > => {
    const started = await start(['--json'], /\n/);
    const lines = started.output.trim().split('\n');
    expect(lines).toHaveLength(1);
    const { url, token, organization_id } = JSON.parse(lines[0] ?? '') as Record<string, string>;
    return {
      ...started,
      client: new ParleyClient({ baseUrl: url ?? '', token: token ?? '' }),
      token: token ?? '',
      organizationId: organization_id ?? '',
    };
  };

  async function interrupt(child: ChildProcess): Promise<number | null> {
    if (child.exitCode !== null || child.signalCode !== null) return child.exitCode;
    const exited = once(child, 'exit');
    child.kill('SIGINT');
    const [code] = (await exited) as [number | null];
    return code;
  }

  it('stops within 5 s in the middle of a turn, and the turn goes on at the next start', async () => {
    const first = await startJson();
    const answer = Array.from({ length: 80 }, (_, index) => `word${index} `).join('');
    const chat = await first.client.createChat({
      organizationId: first.organizationId,
      content: `Go on. ${formatControlBlock({ reply: answer, chunk_count: 80, chunk_ms: 100 })}`,
    });
    const watcher = new Watcher(first.client, { chatId: chat.id });
    await watcher.until(({ parts }) => parts.length >= 3);
    const stoppedAt = performance.now();
    const standstill = new Standstill();
    expect(await interrupt(first.child)).toBe(0);
    standstill.stop();
    expect(performance.now() - stoppedAt - standstill.totalMs).toBeLessThan(5_000);
    await watcher.stop();

    const second = await startJson();
    expect(second.token).toBe(first.token);
    const again = new Watcher(second.client, { chatId: chat.id });
    await again.until(({ view }) => view.status === 'waiting', 40_000);
    await again.stop();
    const history = await second.client.readHistory(chat.id);
    expect(history.map(({ role }) => role)).toEqual(['user', 'assistant']);
    expect(textOf(history[1])).toBe(answer);
    expect(await interrupt(second.child)).toBe(0);
  }, 120_000);

  it('prints a curl line that streams an answer when pasted, and says that the mock answers', async () => {
    const { child, output } = await start([], /Ctrl-C stops Parley/);
    expect(output).toContain('MOCK');
    const line = output.split('\n').find((text) => text.startsWith('curl ')) ?? '';
    expect(line).not.toBe('');
    const pasted = spawn('bash', ['-c', `timeout 50 ${line}`], { stdio: ['ignore', 'pipe', 'ignore'] });
    let shown = '';
    for await (const chunk of pasted.stdout) {
      shown += String(chunk);
      if (shown.includes('"type":"message_part"') && shown.includes('"role":"assistant"')) break;
    }
    pasted.kill();
    expect(shown).toContain('"type":"message_part"');
    expect(shown).toContain('"role":"assistant"');
    expect(await interrupt(child)).toBe(0);
  }, 120_000);

  it.each([
    ['a port that is taken', async () => ({ PORT: String(await takenPort()) }), /EADDRINUSE/],
    ['a port that is none', async () => ({ PORT: '70000' }), /PORT is "70000"/],
  ])(
    'says in one line what is wrong with %s',
    async (_name, environment, expected) => {
      const child = launch(['--json'], await environment());
      let errors = '';
      child.stderr?.on('data', (chunk: Buffer) => (errors += chunk.toString()));
      const [code] = (await once(child, 'exit')) as [number | null];
      expect(code).toBe(1);
      expect(errors).toMatch(expected);
    },
    60_000,
  );

  const servers: ReturnType<typeof createServer>[] = [];
  afterAll(() => servers.forEach((server) => server.close()));

  async function takenPort(): Promise<number> {
    const server = createServer();
    servers.push(server);
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    return (server.address() as { port: number }).port;
  }
});
