/** Workers that forget: what they read of a transcript lacks rows, what was stopped is not kept, an interrupt is not heard. */
import type { WorkerWake } from '@parley/contracts';
import type { SqlStatement } from '@parley/database';
import type { PlantedFaults, Query } from './platform';
import { withLists } from './statements';

interface Row {
  readonly chat_id: string;
  readonly role: string;
}

/** Too small for any transcript: each step reads its own. */
const NO_CACHE = { WORKER_TRANSCRIPT_CACHE_BYTES: '1024' };

function readingTranscripts(change: (rows: readonly Row[]) => readonly Row[]): PlantedFaults {
  return {
    workerEnv: NO_CACHE,
    query: (real): Query =>
      async function forgetful<Found>(statement: SqlStatement, values: readonly unknown[]): Promise<Found[]> {
        if (statement.name !== 'read_transcript') return real<Found>(statement, values);
        return change(await real<Row>(statement, values)) as Found[];
      },
  };
}

/** The model is told nothing but the newest message and what followed it. */
export const forgetsTheHistory = (): PlantedFaults =>
  readingTranscripts((rows) => {
    const asked = rows.findLastIndex(({ role }) => role === 'user');
    return rows.filter(({ role }, index) => role === 'system' || index >= asked);
  });

/** The model is told of all messages, and of none of its earlier answers. */
export const forgetsAnswers = (): PlantedFaults =>
  readingTranscripts((rows) => {
    const asked = rows.findLastIndex(({ role }) => role === 'user');
    return rows.filter(({ role }, index) => role !== 'assistant' || index >= asked);
  });

/** Once in each chat the results of a turn's first calls are forgotten, and the calls with them: the model makes them again. */
export function forgetsCalls(): PlantedFaults {
  const done = new Set<string>();
  return readingTranscripts((rows) => {
    const last = rows.at(-1);
    const asked = rows.findLastIndex(({ role }) => role === 'user');
    if (last?.role !== 'tool' || rows.length !== asked + 3 || done.has(last.chat_id)) return rows;
    done.add(last.chat_id);
    return rows.slice(0, asked + 1);
  });
}

/** What had been said when a turn was stopped is not kept. */
export const losesPartials = (): PlantedFaults => ({
  query: (real): Query =>
    function losing(statement, values) {
      if (statement.name !== 'finish_interruption') return real(statement, values);
      return real(
        statement,
        withLists(values, () => []),
      );
    },
});

/** Nobody tells the worker of an interrupt, and it does not look. */
export const ignoresInterrupts = (): PlantedFaults => ({
  workerEnv: { CHAT_SWEEP_MS: '60000' },
  publish: (subject, payload) => {
    const isHint = /^worker\..*\.wake$/.test(subject);
    return isHint && (payload as WorkerWake).change?.status.startsWith('interrupting') ? [] : [payload];
  },
});
