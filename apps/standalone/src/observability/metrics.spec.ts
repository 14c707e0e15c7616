import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { formatControlBlock } from '@parley/llmmock';
import { eventually } from '@parley/testing';
import { metricsTable, seriesNames } from './testing/metrics-table';
import { ObservedSystem, type ServiceName } from './testing/observed-system';

const root = join(__dirname, '../../../..');
const fileText = (path: string): string => readFileSync(join(root, path), 'utf8');
const LABELS_OF_CHATS = /chat|message|user|owner|worker_id|runner/;

let system: ObservedSystem;
let scraped: Map<ServiceName, string>;

/** After one turn. */
beforeAll(async () => {
  system = await ObservedSystem.start();
  const { client, organizationId } = system;
  const { id } = await client.createChat({ organizationId, content: formatControlBlock({ reply: 'hello' }) });
  await eventually(async () => expect((await client.getChat(id)).status).toBe('waiting'), {
    timeoutMs: 20_000,
  });
  scraped = new Map();
  for (const [service, metrics] of system.metrics) scraped.set(service, await metrics.render());
}, 60_000);

afterAll(() => system.stop());

function sample(service: ServiceName, series: string): number {
  const line = scraped
    .get(service)
    ?.split('\n')
    .find((candidate) => candidate.startsWith(`${series} `));
  if (line === undefined) throw new Error(`${service} does not show ${series}`);
  return Number(line.split(' ')[1]);
}

describe('The dashboard and the alerts', () => {
  it.each(['k8s/observability/dashboard.json', 'k8s/observability/alerts.yaml'])(
    '%s name only metrics that the services have',
    async (path) => {
      const named = new Set(fileText(path).match(/\b(parley|nodejs|process)_[a-z0-9_]+/g));
      expect(named.size).toBeGreaterThan(5);
      const known = await seriesNames(system.metrics.values());
      expect([...named].filter((name) => !known.has(name))).toEqual([]);
    },
  );

  it('are a dashboard that Grafana can load: each panel has an id, a place and a query', () => {
    interface Panel {
      id: number;
      type: string;
      targets?: { expr: string }[];
    }
    const { panels } = JSON.parse(fileText('k8s/observability/dashboard.json')) as { panels: Panel[] };
    expect(new Set(panels.map(({ id }) => id)).size).toBe(panels.length);
    for (const panel of panels.filter(({ type }) => type !== 'row'))
      expect(panel.targets?.every(({ expr }) => expr !== '')).toBe(true);
  });
});

describe('docs/observability.md', () => {
  it('lists the metrics that there are', async () => {
    const listed = fileText('docs/observability.md')
      .split('\n')
      .filter((line) => line.startsWith('| `parley_'));
    const narrow = (line: string): string => line.replaceAll(/ +/g, ' ');
    expect(listed.map(narrow)).toEqual((await metricsTable(system.metrics)).map(narrow));
  });
});

describe('Metrics', () => {
  it('have names with their units, and no label of a single chat', async () => {
    for (const line of await metricsTable(system.metrics)) {
      const [, name = '', type = '', labels = ''] = line
        .split('|')
        .map((cell) => cell.replaceAll('`', '').trim());
      expect(labels).not.toMatch(LABELS_OF_CHATS);
      if (type === 'counter') expect(name).toMatch(/_total$/);
      else expect(name).not.toMatch(/_total$/);
      if (type === 'histogram') expect(name).toMatch(/_seconds$/);
    }
  });

  it('split the time of a turn into stages that sum to it', () => {
    const stages = (scraped.get('chat-worker') ?? '')
      .split('\n')
      .filter((line) => line.startsWith('parley_turn_stage_seconds_sum'))
      .map((line) => Number(line.split(' ')[1]));
    expect(stages).toHaveLength(10);
    const turn = sample('chat-worker', 'parley_turn_seconds_sum{outcome="finished"}');
    expect(turn).toBeGreaterThan(0);
    expect(stages.reduce((sum, seconds) => sum + seconds, 0)).toBeCloseTo(turn, 6);
  });

  it('tell of the turn, its first token, its parts and its statements', () => {
    expect(sample('chat-worker', 'parley_turns_total')).toBe(1);
    expect(sample('chat-worker', 'parley_time_to_first_token_seconds_count')).toBe(1);
    expect(sample('chat-worker', 'parley_parts_published_total')).toBeGreaterThan(0);
    expect(sample('chat-worker', 'parley_sql_statements_total{statement="finish_turn"}')).toBe(1);
    expect(sample('chat-worker', 'parley_database_pool_wait_seconds_count')).toBeGreaterThan(0);
    expect(sample('chat-worker', 'parley_recovered_chats_total')).toBe(0);
  });

  it('show a healthy system: the lease is young, nothing waits, the bus answers', () => {
    expect(sample('chat-worker', 'parley_lease_age_seconds')).toBeLessThan(6);
    expect(sample('chat-worker', 'parley_oldest_runnable_chat_seconds')).toBe(0);
    for (const service of ['gateway', 'chat-worker', 'stream-relay'] as const) {
      expect(sample(service, 'parley_bus_connected')).toBe(1);
      expect(sample(service, 'parley_bus_lag_seconds')).toBeLessThan(1);
    }
  });

  it('tell of a chat that waits for a worker for how long it has', async () => {
    const { client, organizationId } = system;
    await system.stopWorker();
    await client.createChat({ organizationId, content: 'nobody is here' });
    const worker = system.metrics.get('chat-worker');
    await eventually(
      async () => {
        const text = (await worker?.render()) ?? '';
        expect(text).toContain('parley_runnable_chats 1');
        expect(Number(/^parley_oldest_runnable_chat_seconds (\S+)$/m.exec(text)?.[1])).toBeGreaterThan(0);
      },
      { timeoutMs: 20_000 },
    );
  });
});
