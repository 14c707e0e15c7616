/** Relays on real sockets, a real Postgres and either bus, and the hands of a worker, so that a spec can play a turn step by step. */
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { connectNats, createInProcessBus, type Bus } from '@parley/bus';
import {
  acquire,
  commitStep,
  createChat,
  finishTurn,
  readChat,
  renewLease,
  send,
  type ChatHead,
  type ChatStore,
} from '@parley/chat-state';
import { subjects, type Clock, type LivePart, type MessagePart } from '@parley/contracts';
import { sql } from '@parley/database';
import { Identity } from '@parley/identity';
import { createTestDatabase, testServers, type TestDatabase } from '@parley/testing';
import { DEFAULT_RELAY_SETTINGS, type RelaySettings } from '../settings';
import { StreamRelay } from '../stream-relay';

export type BusKind = 'in-process' | 'NATS';

const SEED_MODEL = sql(
  'seed_relay_model',
  `with p as (insert into chat_providers (type, name) values ('openai', $2) returning id)
insert into chat_model_configs (organization_id, ai_provider_id, model, context_limit, compression_threshold)
select $1::uuid, p.id, 'one', 100000, 70 from p returning id`,
);

export const logger = { info: () => undefined, warn: () => undefined, error: () => undefined };
export const textOf = (text: string): MessagePart[] => [{ type: 'text', text }];

export interface RunningRelay {
  readonly relay: StreamRelay;
  readonly url: string;
  stop(): Promise<void>;
}

export class RelayFixture {
  private readonly closers: (() => Promise<void>)[] = [];

  private constructor(
    readonly kind: BusKind,
    readonly test: TestDatabase,
    readonly bus: Bus,
    readonly identity: Identity,
    private readonly owner: { userId: string; organizationId: string; modelConfigId: string },
  ) {}

  static async create(kind: BusKind): Promise<RelayFixture> {
    const test = await createTestDatabase();
    const bus = await openBus(kind);
    const identity = new Identity({ database: test.database, bus });
    const person = { email: 'ann@acme.test', username: 'ann', name: 'Ann', password: 'a fine password' };
    const first = await identity.createFirstUser(person);
    const [model] = await test.database.query<{ id: string }>(SEED_MODEL, [first.organizationId, 'mock']);
    const fixture = new RelayFixture(kind, test, bus, identity, { ...first, modelConfigId: model?.id ?? '' });
    fixture.closers.push(() => bus.drain());
    return fixture;
  }

  get store(): ChatStore {
    return { database: this.test.database, bus: this.bus };
  }

  get ownerId(): string {
    return this.owner.userId;
  }

  async token(userId = this.owner.userId): Promise<string> {
    return (await this.identity.createToken({ userId })).token;
  }

  async stranger(): Promise<string> {
    const name = `bob-${randomUUID()}`;
    const person = { email: `${name}@acme.test`, username: name, name: 'Bob', password: 'a fine password' };
    return (await this.identity.createUser({ ...person, isAdmin: false })).id;
  }

  /** A replica with its own connection to the bus, which can be spoilt on the way. */
  async relay(
    settings: Partial<RelaySettings> = {},
    { spoil = (own) => own, clock }: { spoil?: (bus: Bus) => Bus; clock?: Clock } = {},
  ): Promise<RunningRelay> {
    const bus = spoil(this.kind === 'NATS' ? await openBus('NATS') : this.bus);
    const { identity } = this;
    const { database } = this.test;
    const relay = new StreamRelay({
      database,
      bus,
      identity,
      logger,
      settings: { ...DEFAULT_RELAY_SETTINGS, ...settings },
      ...(clock !== undefined && { clock }),
    });
    relay.start();
    const server = createServer((request, response) => relay.handleRequest(request, response));
    server.on('upgrade', (request, socket, head) => relay.handleUpgrade(request, socket, head));
    const url = await listen(server);
    let isStopped = false;
    const stop = async (): Promise<void> => {
      if (isStopped) return;
      isStopped = true;
      await relay.stop();
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
      if (this.kind === 'NATS') await bus.drain();
    };
    this.closers.unshift(stop);
    return { relay, url, stop };
  }

  /** A chat that runs, with its first message. */
  async chat(text = 'hello'): Promise<string> {
    const made = await createChat(this.store, {
      organizationId: this.owner.organizationId,
      ownerId: this.owner.userId,
      title: 'A chat',
      titleSource: 'fallback',
      modelConfigId: this.owner.modelConfigId,
      userMessage: { role: 'user', content: textOf(text), createdBy: this.owner.userId },
    });
    if (!made.ok) throw new Error(made.reason);
    return made.chat.id;
  }

  async send(chatId: string, text: string): Promise<void> {
    const sent = await send(this.store, {
      chatId,
      ownerId: this.owner.userId,
      content: textOf(text),
      busyBehavior: 'queue',
    });
    if (!sent.ok) throw new Error(sent.reason);
  }

  async version(chatId: string): Promise<number> {
    return (await readChat(this.test.database, { chatId }))?.version ?? 0;
  }

  async hasUnread(chatId: string): Promise<boolean> {
    return (await readChat(this.test.database, { chatId }))?.hasUnread === true;
  }

  async worker(): Promise<TestWorker> {
    const worker = await TestWorker.start(this.store);
    this.closers.unshift(() => worker.stop());
    return worker;
  }

  async close(): Promise<void> {
    for (const close of this.closers) await close();
    await this.test.drop();
  }
}

/** Plays the worker: one chat at a time, by hand. */
export class TestWorker {
  readonly id = randomUUID();
  private head: ChatHead | null = null;
  private parts: LivePart[] = [];
  private stopAnswering: () => void = () => undefined;

  private constructor(private readonly store: ChatStore) {}

  static async start(store: ChatStore): Promise<TestWorker> {
    const worker = new TestWorker(store);
    await renewLease(store.database, { workerId: worker.id, hostname: 'test', leaseMs: 3_600_000 });
    const answering = await store.bus.respond(subjects.workerEpisode(worker.id), (question) => {
      const asked = worker.envelope(question.after_seq + 1);
      const isKnown = question.history_version === asked.history_version;
      return { episode: isKnown ? { ...asked, is_closed: false } : null };
    });
    worker.stopAnswering = () => answering.unsubscribe();
    return worker;
  }

  async take(chatId: string): Promise<void> {
    this.head = await acquire(this.store, { workerId: this.id, chatId });
    this.parts = [];
    if (this.head === null) throw new Error('nothing to acquire');
  }

  stream(...texts: string[]): void {
    const first = this.parts.length + 1;
    this.parts.push(...texts.map((text): LivePart => ({ role: 'assistant', part: { type: 'text', text } })));
    this.store.bus.publish(subjects.chatParts(this.chat.id), this.envelope(first));
  }

  async step(text: string): Promise<void> {
    const done = await commitStep(this.store, { fence: this.fence, messages: [answer(text)] });
    if (!done.ok) throw new Error(done.reason);
    this.head = done.chat;
    this.parts = [];
  }

  async finish(text: string): Promise<void> {
    const done = await finishTurn(this.store, { fence: this.fence, messages: [answer(text)] });
    if (!done.ok) throw new Error(done.reason);
    this.head = done.chat;
    this.parts = [];
  }

  get fence(): { chatId: string; runnerId: string; historyVersion: number } {
    const { id, runnerId, historyVersion } = this.chat;
    return { chatId: id, runnerId: runnerId ?? '', historyVersion };
  }

  stop(): Promise<void> {
    this.stopAnswering();
    return Promise.resolve();
  }

  private get chat(): ChatHead {
    if (this.head === null) throw new Error('no chat');
    return this.head;
  }

  private envelope(firstSeq: number) {
    return {
      chat_id: this.chat.id,
      history_version: this.chat.historyVersion,
      generation_attempt: this.chat.generationAttempt,
      first_seq: firstSeq,
      parts: this.parts.slice(firstSeq - 1),
    };
  }
}

const answer = (text: string) => ({ role: 'assistant' as const, content: textOf(text) });

function openBus(kind: BusKind): Promise<Bus> {
  if (kind === 'in-process') return Promise.resolve(createInProcessBus());
  return connectNats({ url: testServers().natsUrl, name: 'relay-spec' });
}

async function listen(server: Server): Promise<string> {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}
