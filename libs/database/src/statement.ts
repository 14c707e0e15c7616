/** A named statement: the driver prepares it once per connection, and counts and traces go by its name. */
export interface SqlStatement {
  readonly name: string;
  readonly text: string;
}

const texts = new Map<string, string>();

/**
 * Declares a statement. Names are unique in the process, because a connection knows a prepared statement by its name alone.
 * @throws Error when another text was declared under the same name.
 */
export function sql(name: string, text: string): SqlStatement {
  const known = texts.get(name);
  if (known !== undefined && known !== text) throw new Error(`Two different statements are named "${name}"`);
  texts.set(name, text);
  return Object.freeze({ name, text });
}

/** What runs statements: the database itself, or a transaction on one of its connections. */
export interface Queryable {
  query<Row>(statement: SqlStatement, values: readonly unknown[]): Promise<Row[]>;
}
