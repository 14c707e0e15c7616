/** The statements of the platform as a planted fault meets them: one call each, under one name, whatever form they go in. */
import type { SqlStatement } from '@parley/database';
import type { Query } from './platform';

/** Calls that would go together are refused as Postgres would, so that each goes apart. */
export const oneByOne = (real: Query): Query =>
  function apart(statement, values) {
    if (!statement.name.endsWith('_many')) return real(statement, values);
    return Promise.reject(Object.assign(new Error('planted: one by one'), { code: '22023' }));
  };

/** A call that found its row locked, or went apart, waits. */
export const isWaiting = ({ name }: SqlStatement): boolean => name.endsWith('_waiting');

/** Of either form. */
export const isOf = (transition: string, { name }: SqlStatement): boolean =>
  name === transition || name === `${transition}_waiting`;

/** The values with the lists that go as JSON changed, those that hold something: messages and calls. */
export const withLists = (
  values: readonly unknown[],
  change: (list: readonly unknown[]) => readonly unknown[],
): readonly unknown[] =>
  values.map((value) =>
    typeof value === 'string' && value.startsWith('[{')
      ? JSON.stringify(change(JSON.parse(value) as unknown[]))
      : value,
  );

/** As `withLists`, but by the JSON of each element. */
export const withListsRewritten = (
  values: readonly unknown[],
  rewrite: (json: string) => string,
): readonly unknown[] =>
  withLists(values, (list) => list.map((each) => JSON.parse(rewrite(JSON.stringify(each))) as unknown));
