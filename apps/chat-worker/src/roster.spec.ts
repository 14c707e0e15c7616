/** Who gets a place, on runners whose tasks do nothing until they are told. */
import { randomUUID } from 'node:crypto';
import type { ChatHead } from '@parley/chat-state';
import { eventually } from '@parley/testing';
import { NO_TRACER } from '@parley/service';
import { TurnWatch } from './observe/turn-watch';
import { silentMetrics } from './testing/harness';
import { Roster, type RosterOptions } from './roster';
import type { TaskOrder, Tasks } from './tasks';
import type { Place } from './tools/lent-place';

describe('the roster', () => {
  const released: string[] = [];
  const begun: string[] = [];
  const places = new Map<string, Place>();
  let isWanted = false;

  const tasks = {
    perform: ({ head, place }: TaskOrder) => {
      begun.push(head.id);
      places.set(head.id, place);
      return new Promise(() => undefined);
    },
    release: ({ id }: ChatHead) => {
      released.push(id);
      return Promise.resolve('released');
    },
  } as unknown as Tasks;

  const roster = new Roster({
    tasks,
    now: () => 0,
    onHistory: () => undefined,
    watch: (chatId) =>
      new TurnWatch(chatId, { tracer: NO_TRACER, metrics: silentMetrics, logger: {}, now: () => 0 }),
    onPlace: () => undefined,
    isWanted: () => isWanted,
    onCrash: (error) => {
      throw error;
    },
    maxWorking: 10,
    maxResting: 1,
    restMs: 1_000,
  } satisfies RosterOptions);

  const resting = (): ChatHead & { runnerId: string } => {
    const [workerId, runnerId] = [randomUUID(), randomUUID()];
    const head: Partial<ChatHead> = {
      id: randomUUID(),
      status: 'waiting',
      version: 2,
      historyVersion: 2,
      updatedAt: new Date(0),
    };
    return { ...head, workerId, runnerId, queue: [], openCalls: [] } as unknown as ChatHead & {
      runnerId: string;
    };
  };

  /** A chat at rest that gets a follow-up. */
  async function followUp(): Promise<string> {
    const head = resting();
    roster.start(head);
    await eventually(() => expect(roster.find(head.id)?.restingSince).toBe(0));
    roster.find(head.id)?.wake({
      version: 3,
      change: {
        chat_id: head.id,
        owner_id: randomUUID(),
        from_version: 2,
        version: 3,
        history_version: 3,
        queue_version: 0,
        status: 'running',
        worker_id: head.workerId,
        generation_attempt: 0,
        archived: false,
        messages: [],
      },
    });
    return head.id;
  }

  it('begins the follow-up of a chat that it kept, when nobody waits', async () => {
    const chatId = await followUp();
    await eventually(() => expect(begun).toContain(chatId));
    expect(released).toEqual([]);
  });

  it('lets those that only wait lend their places, as many as may rest', async () => {
    const [one, other] = [await followUp(), await followUp()];
    await eventually(() => expect(begun).toEqual(expect.arrayContaining([one, other])));
    const working = roster.workingCount;
    places.get(one)?.lend();
    expect(roster.workingCount).toBe(working - 1);
    places.get(other)?.lend();
    expect(roster.workingCount).toBe(working - 1);
    places.get(one)?.takeBack();
    places.get(other)?.takeBack();
    expect(roster.workingCount).toBe(working);
  });

  it('gives the chat back where others wait for a place, so that they are not starved', async () => {
    isWanted = true;
    const chatId = await followUp();
    await eventually(() => expect(released).toEqual([chatId]));
    expect(begun).not.toContain(chatId);
  });
});
