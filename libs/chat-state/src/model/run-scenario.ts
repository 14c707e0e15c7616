/** Plays one scenario on a database, lets the chats come to rest with a worker that lives, and checks what is left. */
import type { ChatChange, ChatReady, WorkerWake } from '@parley/contracts';
import type { Database } from '@parley/database';
import { testSql, textContent } from '../testing/fixture';
import { createChat } from '../transitions/create';
import { forgetWorker, readDeadWorkers, retireWorker } from '../worker-lease';
import { ChaosBus, type Letter } from './chaos-bus';
import { checkInvariants, type StoredRow } from './invariants';
import { Ledger } from './ledger';
import { actAsClient } from './model-client';
import { ModelViewer } from './model-viewer';
import { ModelWorker } from './model-worker';
import { CHATS, WORKERS, type Command, type Scenario } from './scenario';
import { World, type ModelChat } from './world';

/** A database of its own: the sweep takes whatever is there. */
export interface Lane {
  database: Database;
  organizationId: string;
  ownerId: string;
  modelConfigId: string;
}

interface Cast {
  world: World;
  /** One for each chat, whom the bus may fail. */
  viewers: ModelViewer[];
  /** One for each chat, who gets every change there is, and so hardly ever reads. */
  neighbours: ModelViewer[];
  workers: ModelWorker[];
}

const START_WORKERS = testSql(`insert into workers (id, hostname, lease_expires_at)
  select id, 'model', now() + interval '1 hour' from unnest($1::uuid[]) id`);
const PASS_DEADLINES = testSql(
  'update chats set action_deadline_at = now() where id = any ($1) and action_deadline_at > now()',
);
const END_ALL_LEASES = testSql(`with ended as (
    update workers set lease_expires_at = '-infinity' where lease_expires_at > now() and id <> $1
  ) update chats set action_deadline_at = now() where id = any ($2) and action_deadline_at > now()`);
const READ_ROWS = testSql(`select id, chat_id, role, content, visibility, deleted, revision from chat_messages
  where chat_id = any ($1) order by id`);
/** More than any queue and any turn needs. */
const ROUNDS_TO_REST = 60;
/** Makes a model finish its turn whatever it finds. */
const FINISH = 8;

/** @throws Error naming the invariant that does not hold. */
export async function runScenario(lane: Lane, scenario: Scenario): Promise<void> {
  const cast = await gather(lane);
  for (const group of inGroups(scenario)) {
    const outcomes = await Promise.allSettled(group.map((command) => perform(cast, command)));
    for (const outcome of outcomes) if (outcome.status === 'rejected') throw outcome.reason;
  }
  await comeToRest(cast);
  await check(cast);
}

async function check({ world, viewers, neighbours }: Cast): Promise<void> {
  const rows = await world.database.query<StoredRow>(READ_ROWS, [world.chats.map((chat) => chat.id)]);
  for (const [index, chat] of world.chats.entries()) {
    const newcomer = new ModelViewer(world, chat.id);
    const head = await newcomer.catchUp();
    if (head === null) throw new Error('A chat is gone');
    const watchers = [viewers[index], neighbours[index]].filter((watcher) => watcher !== undefined);
    for (const watcher of watchers) {
      await watcher.settled();
      if (watcher.version < head.version) await watcher.catchUp();
    }
    const ownRows = rows.filter((row) => row.chat_id === chat.id);
    checkInvariants({ ledger: chat.ledger, head, rows: ownRows, watchers, newcomer });
  }
}

async function gather(lane: Lane): Promise<Cast> {
  const bus = new ChaosBus();
  const chats: ModelChat[] = [];
  const world = new World(lane.database, bus, lane.ownerId, chats);
  for (let index = 0; index < CHATS; index++) {
    const text = world.text('user');
    const root = chats[0];
    const created = await createChat(world.store('seen'), {
      ...lane,
      ...(root && { parentChatId: root.id }),
      title: 'A model of a chat',
      titleSource: 'fallback',
      systemMessages: [{ role: 'system', content: textContent('Be kind.'), visibility: 'model' }],
      userMessage: { role: 'user', content: textContent(text), createdBy: lane.ownerId },
    });
    if (!created.ok) throw new Error(`The chat was not created: ${created.reason}`);
    const ledger = new Ledger();
    ledger.note(created);
    ledger.sent.set(text, { version: 1, queued: false, moved: false, withdrawn: false });
    chats.push({ id: created.chat.id, ledger });
  }
  const watchersOf = () => chats.map((chat) => new ModelViewer(world, chat.id));
  const neighbours = watchersOf();
  bus.onLetter = ({ subject, payload }) => {
    const neighbour = neighbours[chats.findIndex((chat) => subject === `chat.${chat.id}.changed`)];
    void neighbour?.receive(payload as ChatChange);
  };
  const workers = Array.from({ length: WORKERS }, () => new ModelWorker(world));
  await world.database.query(START_WORKERS, [workers.map((worker) => worker.id)]);
  return { world, workers, neighbours, viewers: watchersOf() };
}

/** Commands that happen at the same time form one group. */
function inGroups(scenario: Scenario): Command[][] {
  const groups: Command[][] = [];
  for (const command of scenario) {
    const last = groups.at(-1);
    if (command.together && last !== undefined) last.push(command);
    else groups.push([command]);
  }
  return groups;
}

async function perform(cast: Cast, command: Command): Promise<void> {
  const { world, viewers, workers } = cast;
  switch (command.actor) {
    case 'client': {
      const chat = world.chats[command.chat];
      const viewer = viewers[command.chat];
      if (chat && viewer) await actAsClient(world, { ...command, chat, viewer });
      return;
    }
    case 'worker':
      return choose(workers, command)?.act(command);
    case 'bus': {
      const letter = world.bus.take(command.pick, { andKeep: command.action === 'double' });
      if (letter && command.action !== 'drop') await deliver(cast, { letter, pick: command.pick });
      return;
    }
    case 'time':
      return command.action === 'pass_deadlines' ? passDeadlines(world) : buryTheDead(world, workers);
  }
}

/** A step is for a worker that has something to do, if there is one. */
function choose(
  workers: readonly ModelWorker[],
  command: { action: string; worker: number },
): ModelWorker | undefined {
  const chosen = workers[command.worker];
  if (command.action !== 'step' || chosen === undefined || chosen.atWork().length > 0) return chosen;
  return workers.find((worker) => worker.atWork().length > 0) ?? chosen;
}

async function deliver(
  { world, viewers, workers }: Cast,
  { letter: { subject, payload }, pick }: { letter: Letter; pick: number },
): Promise<void> {
  const [kind, id] = subject.split('.');
  if (kind === 'worker') await workers.find((worker) => worker.id === id)?.wake(payload as WorkerWake);
  else if (subject === 'chat.ready') await workers[pick % WORKERS]?.acquire((payload as ChatReady).chat_id);
  else if (kind === 'chat')
    await viewers[world.chats.findIndex((chat) => chat.id === id)]?.receive(payload as ChatChange);
}

async function passDeadlines({ database, chats }: World): Promise<void> {
  await database.query(PASS_DEADLINES, [chats.map((chat) => chat.id)]);
}

/** The leases of killed workers end; what they owned is given back and they are forgotten. */
async function buryTheDead({ database }: World, workers: readonly ModelWorker[]): Promise<void> {
  const [undertaker] = workers;
  const graves = workers.flatMap((worker) => worker.graves.splice(0));
  await Promise.all(graves.map((id) => retireWorker(database, id)));
  const dead = await readDeadWorkers(database, { afterMs: 0 });
  for (const id of graves.filter((grave) => dead.includes(grave))) {
    await undertaker?.releaseAll(id);
    await forgetWorker(database, id);
  }
}

/** All workers are gone; a new one finds everything by its sweep alone, since no message is delivered any more. */
async function comeToRest({ world }: Cast): Promise<void> {
  const survivor = new ModelWorker(world);
  await world.database.query(START_WORKERS, [[survivor.id]]);
  await world.database.query(END_ALL_LEASES, [survivor.id, world.chats.map((chat) => chat.id)]);
  for (let round = 0; round < ROUNDS_TO_REST; round++) {
    for (const head of survivor.atWork()) await survivor.step(head, { pick: FINISH, fate: 'seen' });
    if (survivor.atWork().length > 0) continue;
    await survivor.sweep();
    if (survivor.atWork().length === 0) return;
  }
  throw new Error('A chat does not come to rest');
}
