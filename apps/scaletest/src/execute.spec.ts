import { once } from 'node:events';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createTestDatabase, eventually, type TestDatabase } from '@parley/testing';
import { execute } from './execute';
import { report } from './report/schema';
import type { RunFlags } from './run-plan';
import { provision } from './system/provision';
import type { Target } from './system/target';
import { startPlatform } from './testing/platform';

jest.setTimeout(180_000);

describe('a run against a deployment', () => {
  let db: TestDatabase;
  let target: Target;
  let directory: string;
  let flags: RunFlags;

  beforeAll(async () => {
    db = await createTestDatabase();
    target = await startPlatform(db.url, {});
    directory = await mkdtemp(join(tmpdir(), 'parley-scaletest-spec-'));
    const [url = ''] = target.apiUrls;
    const { tokens } = await provision({
      url,
      token: undefined,
      mockUrl: target.mockUrl,
      users: 1,
      runTag: 'spec',
    });
    flags = {
      profile: 'smoke',
      url,
      token: tokens[0] ?? '',
      mockUrl: target.mockUrl,
      chats: 23,
      turns: 2,
      chunks: 4,
      pool: 4,
      fsync: false,
      throughGateways: false,
      floor: false,
      keep: false,
      seed: 'spec',
      json: join(directory, 'report.json'),
      html: join(directory, 'report.html'),
    };
  });
  afterAll(async () => {
    await target.stop();
    await db.drop();
    await rm(directory, { recursive: true, force: true });
  });

  beforeEach(() => jest.spyOn(process.stdout, 'write').mockReturnValue(true));
  afterEach(() => jest.restoreAllMocks());

  it('checks every turn of every scenario, writes the report, and leaves its chats archived', async () => {
    const made = await execute({ ...flags, floor: true }, new AbortController().signal);
    // The platform runs in this very process, so what the generator seems to use of a processor says nothing here.
    expect(made.reasons.filter((reason) => !reason.endsWith('it was the bottleneck'))).toEqual([]);
    expect(['passed', 'void']).toContain(made.verdict);
    expect(made).toMatchObject({ load: 'plain', turns: 46 });
    const [mix] = made.other_loads;
    expect(mix?.oracle).toMatchObject({ is_clean: true, has_ledger: true, chats_checked: 25 });
    expect(report.parse(JSON.parse(await readFile(flags.json ?? '', 'utf8')))).toEqual(made);
    expect(made.floor?.commits_left_out).toMatch('--database-url');
    expect(await readFile(flags.html ?? '', 'utf8')).toContain('<svg');
    expect(await unarchivedChats()).toBe(0);
    expect(await tokensOfUser('parley-scaletest-1')).toEqual([]);
  });

  it('that is stopped reports as far as it came', async () => {
    const stopping = new AbortController();
    const before = await requestsToMock();
    const running = execute({ ...flags, profile: 'mix', durationMs: 60_000 }, stopping.signal);
    await eventually(async () => expect(await requestsToMock()).toBeGreaterThan(before + 30), {
      timeoutMs: 60_000,
    });
    stopping.abort();
    const made = await running;
    expect(made.verdict).toBe('aborted');
    expect(made.reasons[0]).toMatch('stopped before');
    expect(made.turns).toBeGreaterThan(0);
    expect(made.oracle.by_kind).toEqual({});
    expect(report.parse(JSON.parse(await readFile(flags.json ?? '', 'utf8'))).run_id).toBe(made.run_id);
    expect(await unarchivedChats()).toBe(0);
    expect(await tokensOfUser('parley-scaletest-1')).toEqual([]);
  });

  it('is refused before it begins when its report could not be written', async () => {
    const path = join(directory, 'nowhere', 'report.json');
    await expect(execute({ ...flags, json: path }, new AbortController().signal)).rejects.toThrow(
      `--json ${path} cannot be written`,
    );
  });

  it('says why a deployment cannot be reached', async () => {
    const server = createServer().listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    await new Promise((resolve) => server.close(resolve));
    const away = execute({ ...flags, url: `http://127.0.0.1:${port}` }, new AbortController().signal);
    await expect(away).rejects.toThrow(/No load was run: .*ECONNREFUSED/);
  });

  it('is refused without a mock, since a real model would answer and be paid', async () => {
    const { mockUrl: _none, ...rest } = flags;
    await expect(execute(rest, new AbortController().signal)).rejects.toThrow(/--mock-url/);
  });

  async function requestsToMock(): Promise<number> {
    const response = await fetch(`${target.mockUrl}/ledger/summary`);
    return ((await response.json()) as { requests: number }).requests;
  }

  async function tokensOfUser(name: string): Promise<unknown[]> {
    const response = await fetch(`${flags.url ?? ''}/api/v2/users/${name}/keys/tokens`, {
      headers: { 'coder-session-token': flags.token ?? '' },
    });
    expect(response.status).toBe(200);
    return (await response.json()) as unknown[];
  }

  async function unarchivedChats(): Promise<number> {
    const response = await fetch(`${flags.url ?? ''}/api/v2/chats?q=archived:false`, {
      headers: { 'coder-session-token': flags.token ?? '' },
    });
    return ((await response.json()) as unknown[]).length;
  }
});
