/** Faults of a worker in what it does with tool calls. */
import { randomUUID } from 'node:crypto';
import type { SqlStatement } from '@parley/database';
import type { PlantedFaults, Query } from './platform';
import { isOf, isWaiting, withListsRewritten } from './statements';

/** Another token is committed than was there. */
function rewriting(name: 'commit_step' | 'commit_results'): Pick<PlantedFaults, 'query'> {
  const other = (json: string): string => json.replace(/("token": ?")[^"]+/, '$1another');
  return {
    query: (real): Query =>
      function rewritten(statement, values) {
        return real(statement, isOf(name, statement) ? withListsRewritten(values, other) : values);
      },
  };
}

/** Another result is stored than the tool gave. */
export const storesOtherResults = (): Pick<PlantedFaults, 'query'> => rewriting('commit_results');

/** A call is stored, and run, with other arguments than the model wrote. */
export const storesOtherCalls = (): Pick<PlantedFaults, 'query'> => rewriting('commit_step');

/** The worker believes that its first results came too late, and runs the tools of that step again. */
export function losesResults(): Pick<PlantedFaults, 'query'> {
  let isLost = false;
  return {
    query: (real): Query =>
      async function losing<Row>(statement: SqlStatement, values: readonly unknown[]): Promise<Row[]> {
        if (isLost || !isOf('commit_results', statement)) return real<Row>(statement, values);
        // Who gets no row asks once more, waiting.
        isLost = isWaiting(statement);
        return [];
      },
  };
}

const PARENT = 3;

/** The first subagent is made twice, as if the call had an id of its own each time that it runs. */
export function spawnsTwice(): PlantedFaults {
  let isDone = false;
  return {
    query: (real): Query =>
      async function spawning<Row>(statement: SqlStatement, values: readonly unknown[]): Promise<Row[]> {
        if (!isDone && statement.name === 'create_chat' && values[PARENT] !== null) {
          isDone = true;
          await real(statement, [randomUUID(), ...values.slice(1)]);
        }
        return real<Row>(statement, values);
      },
  };
}
