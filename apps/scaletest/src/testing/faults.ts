/** The faults that the oracle has to find, each as what a service of the platform is started with. */
import type { ChatParts, EpisodeReply } from '@parley/contracts';
import { type SqlStatement, sql } from '@parley/database';
import { eventually } from '@parley/testing';
import type { PlantedFaults, Query } from './platform';
import { isOf, withLists, withListsRewritten } from './statements';

const isParts = (subject: string): boolean => /^chat\..*\.parts$/.test(subject);
const DROPPED_SEQ = 3;

/** The worker forgets a part before it counts it: what follows moves up, and nobody sees a hole. */
export function dropsAPart(): PlantedFaults {
  const isLater = ({ first_seq: first, parts }: ChatParts): boolean => first + parts.length > DROPPED_SEQ;
  const without = (whole: ChatParts): ChatParts => {
    if (!isLater(whole)) return whole;
    const at = DROPPED_SEQ - whole.first_seq;
    if (at < 0) return { ...whole, first_seq: whole.first_seq - 1 };
    return { ...whole, parts: whole.parts.filter((_, index) => index !== at) };
  };
  return {
    publish: (subject, payload) => {
      if (!isParts(subject)) return [payload];
      const left = without(payload as ChatParts);
      return left.parts.length === 0 ? [] : [left];
    },
    reply: (subject, reply) => (subject.endsWith('.episode') ? { episode: null } : reply),
  };
}

/** A part is lost on the bus, and the worker does not know it any more when the relay asks: what follows it is never streamed. */
export function losesAPart(seq: number): PlantedFaults {
  return {
    publish: (subject, payload) => {
      if (!isParts(subject)) return [payload];
      const { first_seq: first, parts } = payload as ChatParts;
      return first <= seq && first + parts.length > seq ? [] : [payload];
    },
    reply: (subject, reply): unknown =>
      subject.endsWith('.episode') ? ({ episode: null } satisfies EpisodeReply) : reply,
  };
}

/** Rewrites what ends of turns commit, from the third one on. */
function fromThirdFinish(change: (values: readonly unknown[]) => readonly unknown[]): PlantedFaults {
  let finished = 0;
  return {
    query: (real): Query =>
      function meddled(statement, values) {
        if (!isOf('finish_turn', statement)) return real(statement, values);
        finished += 1;
        return real(statement, finished < 3 ? values : change(values));
      },
  };
}

/** The answer is committed twice. */
export const commitsTwice = (): PlantedFaults =>
  fromThirdFinish((values) => withLists(values, (messages) => [...messages, ...messages]));

/** A letter of the answer is another one than was streamed. */
export const commitsAnotherText = (): PlantedFaults =>
  fromThirdFinish((values) =>
    withListsRewritten(values, (message) => message.replace(/("text": ?")[a-z]/, '$1#')),
  );

const READ_CHAT = sql(
  'planted_read_chat',
  'select status, runner_id, history_version::float8 as history_version from chats where id = $1',
);
interface ChatRow {
  readonly status: string;
  readonly runner_id: string;
  readonly history_version: number;
}

/**
 * Two workers with short leases. The one that is the first to end a turn is cut off just then: its heartbeats are lost, though it is told
 * that they arrived, and its statement hangs until the other one has taken the chat over, answered, and answers the next turn. Then
 * it is let through; only its fence is there to stop it.
 */
export function skipsAFence({ isFenced }: { isFenced: boolean }): PlantedFaults {
  let cutOff: number | undefined;
  const query = (real: Query, worker: number): Query =>
    async function throughTheFault<Row>(statement: SqlStatement, values: readonly unknown[]): Promise<Row[]> {
      if (statement.name === 'renew_lease' && cutOff === worker) return [];
      if (!isOf('finish_turn', statement) || cutOff !== undefined) return real<Row>(statement, values);
      cutOff = worker;
      const [chatId, runnerId, historyVersion] = values;
      await eventually(
        async () => {
          const [chat] = await real<ChatRow>(READ_CHAT, [chatId]);
          expect(chat?.status).toBe('running');
          expect(chat?.runner_id).not.toBe(runnerId);
          expect(chat?.history_version).toBeGreaterThan(Number(historyVersion) + 1);
        },
        { timeoutMs: 20_000 },
      );
      const late = isFenced ? statement : withoutFence(statement);
      return real<Row>(late, values);
    };
  return { query, workers: 2, workerEnv: { WORKER_LEASE_MS: '1500' } };
}

/** The statement of a worker that does not care whether it still owns the chat; everything else of it is as it was. */
function withoutFence({ name, text }: SqlStatement): SqlStatement {
  const bare = text
    .replace('l.runner_id = $2::uuid', '$2::uuid is not null')
    .replace('l.history_version = $3::bigint', '$3::bigint is not null');
  expect(bare.match(/is not null/g)?.length).toBeGreaterThanOrEqual(2);
  expect(bare).not.toContain('l.runner_id = $2');
  return { name: `${name}_without_its_fence`, text: bare };
}
