/** A throwaway database with a user and chats, the fake of GitHub, one clock for all, and as many replicas of gitsync as wanted. */
import { randomUUID } from 'node:crypto';
import { createInProcessBus, type Bus } from '@parley/bus';
import { subjects, type ChatDiffStatus, type ExternalAuthLink, type WatchEvent } from '@parley/contracts';
import { sql } from '@parley/database';
import {
  listLinks,
  parseRemoteOrigin,
  readDiff,
  readDiffStatuses,
  reportGitRef,
  saveLink,
  type TokenPair,
} from '@parley/diff-status';
import { SecretBox } from '@parley/identity';
import { createLogger, Metrics } from '@parley/service';
import { createTestDatabase, eventually, FakeClock, type TestDatabase } from '@parley/testing';
import { createGitsyncApp, type GitsyncApp } from '../gitsync-app';
import { FakeGithub } from './fake-github';

const SEED = sql(
  'seed_gitsync_test',
  `with o as (insert into organizations (id, name, display_name) values ($1, 'o', 'O')),
        p as (insert into chat_providers (id, type, name) values ($2, 'openai', 'main'))
   insert into chat_model_configs (id, organization_id, ai_provider_id, model, context_limit, compression_threshold)
   values ($3, $1, $2, 'gpt', 1000, 80)`,
);
const ADD_USER = sql('seed_gitsync_user', 'insert into users (id, email, username) values ($1, $2, $3)');
const ADD_CHAT = sql(
  'seed_gitsync_chat',
  `insert into chats (id, organization_id, owner_id, last_model_config_id, status, created_at)
   values ($1, $2, $3, $4, 'waiting', $5)`,
);
const ARCHIVE = sql('archive_gitsync_chat', 'update chats set archived = true where id = $1');

export const OWNER = 'octo';
export const REPO = 'hello';

export class GitsyncFixture {
  readonly clock = new FakeClock();
  readonly bus: Bus = createInProcessBus();
  readonly github = new FakeGithub(() => this.clock.now());
  readonly sealer = SecretBox.fromKeys([Buffer.alloc(32, 7)]);
  readonly events: WatchEvent[] = [];
  readonly logs: string[] = [];
  private readonly organizationId = randomUUID();
  private readonly modelConfigId = randomUUID();
  private readonly apps: GitsyncApp[] = [];

  private constructor(readonly testDatabase: TestDatabase) {}

  static async open(): Promise<GitsyncFixture> {
    const fixture = new GitsyncFixture(await createTestDatabase({ poolSize: 2 }));
    await fixture.github.start();
    fixture.github.branches.set(`${OWNER}/${REPO}`, new Map());
    await fixture.database.query(SEED, [fixture.organizationId, randomUUID(), fixture.modelConfigId]);
    await fixture.bus.subscribe(subjects.userChats('*'), (event) => void fixture.events.push(event));
    return fixture;
  }

  get database() {
    return this.testDatabase.database;
  }

  get remoteOrigin(): string {
    return `${this.github.origin}/${OWNER}/${REPO}.git`;
  }

  /** A replica; its loop is not started: tests call its worker. */
  addReplica(): GitsyncApp {
    const app = createGitsyncApp({
      database: this.database,
      bus: this.bus,
      sealer: this.sealer,
      providers: [
        { type: 'github', origin: this.github.origin, client_id: 'client', client_secret: 'secret' },
      ],
      logger: createLogger({
        name: 'gitsync-test',
        level: 'warn',
        destination: { write: (line: string) => void this.logs.push(line) },
      }),
      metrics: new Metrics(),
      clock: this.clock,
    });
    this.apps.push(app);
    return app;
  }

  /** A user, linked with a token unless it is null. */
  async addUser(token: string | Partial<TokenPair> | null = `token-${randomUUID()}`): Promise<string> {
    const id = randomUUID();
    await this.database.query(ADD_USER, [id, `${id}@example.com`, id.slice(0, 8)]);
    if (token !== null) await this.link(id, token);
    return id;
  }

  async link(userId: string, token: string | Partial<TokenPair>): Promise<void> {
    const pair = { accessToken: 'token', refreshToken: null, expiresAt: null };
    const whole = typeof token === 'string' ? { ...pair, accessToken: token } : { ...pair, ...token };
    this.github.addToken(whole.accessToken, 'octocat');
    const key = { userId, providerOrigin: this.github.origin };
    await saveLink(this.database, { key, pair: whole, sealer: this.sealer });
  }

  async addChat(ownerId: string): Promise<string> {
    const id = randomUUID();
    const values = [id, this.organizationId, ownerId, this.modelConfigId, new Date(this.clock.now())];
    await this.database.query(ADD_CHAT, values);
    return id;
  }

  /** A chat that has just pushed `branch`. */
  async addBranch(ownerId: string, branch: string): Promise<string> {
    const chatId = await this.addChat(ownerId);
    await this.push(chatId, ownerId, branch);
    return chatId;
  }

  async push(
    chatId: string,
    ownerId: string,
    branch: string,
    remoteOrigin = this.remoteOrigin,
  ): Promise<void> {
    const remote = parseRemoteOrigin(remoteOrigin);
    if (remote === null) throw new Error(`${remoteOrigin} is no remote`);
    this.github.addBranch(`${OWNER}/${REPO}`, branch, `diff of ${branch}`);
    const now = new Date(this.clock.now());
    const mark = await reportGitRef(this.database, { chatId, ownerId, branch, remoteOrigin, remote, now });
    if (mark === null) throw new Error('no such chat');
  }

  async status(chatId: string): Promise<ChatDiffStatus | undefined> {
    return (await readDiffStatuses(this.database, [chatId])).get(chatId);
  }

  async diff(chatId: string): Promise<string | undefined> {
    return (await readDiff(this.database, chatId))?.contents.diff;
  }

  links(userId: string): Promise<ExternalAuthLink[]> {
    return listLinks(this.database, userId);
  }

  /** Until GitHub has a request that it has not answered. */
  async waitForCallInFlight(): Promise<void> {
    await eventually(() => expect(this.github.inFlight).toBeGreaterThan(0));
  }

  async archive(chatId: string): Promise<void> {
    await this.database.query(ARCHIVE, [chatId]);
  }

  /** Milliseconds from now until the row is due. */
  async dueInMs(chatId: string): Promise<number> {
    const { stale_at: staleAt = '' } = (await this.status(chatId)) ?? {};
    return Date.parse(staleAt) - this.clock.now();
  }

  async close(): Promise<void> {
    await Promise.all(this.apps.map((app) => app.stop()));
    await this.bus.drain();
    await this.github.stop();
    await this.testDatabase.drop();
  }
}
