/**
 * Statements that come while another of their kind is under way wait, and then go as one: what a statement costs beside its rows (a
 * connection, a round trip, starting the executor, the commit) is paid once for all of them. When nothing is under way nobody waits.
 *
 * What goes in turn waits for no row lock: it skips rows that others hold, and whoever gets no answer is asked again apart, waiting. So
 * a transaction that takes its time stops no more than its own row. When Postgres refuses a batch, each of its calls goes
 * apart, and only the one at fault fails.
 */
import { isConnectionError, sqlState } from './errors';
import type { Queryable, SqlStatement } from './statement';

/** One statement in three forms, which answer with the same columns: a row for each key that there is. */
export interface BatchedStatement {
  /** Takes the values, the key first. Skips a row that is locked. */
  readonly one: SqlStatement;
  /** The same for many: takes one parameter, a JSON array of `{"p1": …, "p2": …}` with distinct p1, the keys. */
  readonly many: SqlStatement;
  /** As `one`, but waits for a row that is locked. */
  readonly waiting: SqlStatement;
  /** Which parameters, counted from 1, are JSON text. */
  readonly jsonParameters: ReadonlySet<number>;
  /** The column of the answer that has the key. */
  readonly keyColumn: string;
}

/** What the parameters of a statement for one are in its form for many: columns of the list `p`. */
export interface ParameterList {
  /** For a FROM clause: the list that is parameter 1 of the form for many. */
  readonly from: string;
  readonly columns: readonly string[];
  readonly jsonParameters: ReadonlySet<number>;
}

/** @param types those of the parameters, in their order */
export function parameterList(types: readonly string[]): ParameterList {
  const columns = types.map((_type, index) => `p${index + 1}`);
  const definitions = types.map((type, index) => `${columns[index]} ${type}`);
  return {
    from: `jsonb_to_recordset($1::jsonb) as p (${definitions.join(', ')})`,
    columns,
    jsonParameters: new Set(types.flatMap((type, index) => (type === 'jsonb' ? [index + 1] : []))),
  };
}

/**
 * Runs the statement in the batches of its database. The key is the first value.
 * @returns the row of the key, if there is one
 * @throws what the driver throws for this call, or, for all of a batch, that the connection broke
 */
export function queryBatched<Row extends object>(
  database: Queryable,
  statement: BatchedStatement,
  values: readonly unknown[],
): Promise<Row | undefined> {
  const ofDatabase = batches.get(database) ?? new Map<BatchedStatement, Batch<object>>();
  const batch = ofDatabase.get(statement) ?? new Batch<object>(database, statement);
  batches.set(database, ofDatabase.set(statement, batch));
  return batch.run(values) as Promise<Row | undefined>;
}

const batches = new WeakMap<Queryable, Map<BatchedStatement, Batch<object>>>();

const MAX_CALLS = 64;
const MAX_CHARACTERS = 1024 * 1024;

type Outcome<Row> = { readonly row: Row | undefined } | 'lead';

class Batch<Row extends object> {
  private readonly waiting: Call<Row>[] = [];
  private isUnderWay = false;

  constructor(
    private readonly database: Queryable,
    private readonly statement: BatchedStatement,
  ) {}

  async run(values: readonly unknown[]): Promise<Row | undefined> {
    const call = new Call<Row>(values, this.statement.jsonParameters);
    this.waiting.push(call);
    // Who has waited longest leads, in its own async context, so that traces tell whose statement it is.
    const outcome = this.isUnderWay ? await call.outcome : 'lead';
    if (outcome !== 'lead') return outcome.row;
    this.isUnderWay = true;
    // What else this turn of the event loop brings comes along.
    await new Promise((resolve) => setImmediate(resolve));
    const batch = this.takeBatch();
    const rows = await this.runTogether(batch).finally(() => this.handOn());
    for (const other of batch) if (other !== call) this.answer(other, rows);
    return rows.get(call.key) ?? this.runApart(call);
  }

  /** Calls of distinct keys, the first one that waits always among them. */
  private takeBatch(): Call<Row>[] {
    const batch = new Map<unknown, Call<Row>>();
    let characters = 0;
    for (const call of this.waiting) {
      characters += call.json.length;
      if (batch.size > 0 && (batch.size === MAX_CALLS || characters > MAX_CHARACTERS)) break;
      if (!batch.has(call.key)) batch.set(call.key, call);
    }
    const taken = [...batch.values()];
    for (const call of taken) this.waiting.splice(this.waiting.indexOf(call), 1);
    return taken;
  }

  private handOn(): void {
    const [next] = this.waiting;
    if (next === undefined) this.isUnderWay = false;
    else next.settle('lead');
  }

  /** Rows by key. None when Postgres refused the batch for one of several calls: then each has to go apart. */
  private async runTogether(batch: readonly Call<Row>[]): Promise<ReadonlyMap<unknown, Row>> {
    const { one, many, keyColumn } = this.statement;
    const [first] = batch;
    try {
      const rows =
        batch.length === 1 && first !== undefined
          ? await this.database.query<Row>(one, first.values)
          : await this.database.query<Row>(many, [`[${batch.map(({ json }) => json).join(',')}]`]);
      return new Map(rows.map((row) => [(row as Record<string, unknown>)[keyColumn], row]));
    } catch (error) {
      const isRefusal = sqlState(error) !== undefined && !isConnectionError(error);
      if (isRefusal && batch.length > 1) return new Map();
      for (const call of batch) call.fail(error);
      throw error;
    }
  }

  private answer(call: Call<Row>, rows: ReadonlyMap<unknown, Row>): void {
    const row = rows.get(call.key);
    if (row !== undefined) call.settle({ row });
    else this.runApart(call).then((own) => call.settle({ row: own }), call.fail);
  }

  private async runApart({ values }: Call<Row>): Promise<Row | undefined> {
    const [row] = await this.database.query<Row>(this.statement.waiting, values);
    return row;
  }
}

class Call<Row> {
  readonly key: unknown;
  readonly json: string;
  /** What came of it in the batch of another call, or that it has to lead the next one. */
  readonly outcome: Promise<Outcome<Row>>;
  settle!: (outcome: Outcome<Row>) => void;
  fail!: (error: unknown) => void;

  constructor(
    readonly values: readonly unknown[],
    jsonParameters: ReadonlySet<number>,
  ) {
    this.key = values[0];
    const fields = values.map((value, index) => {
      const isJson = jsonParameters.has(index + 1) && typeof value === 'string';
      return `"p${index + 1}":${isJson ? value : toJson(value)}`;
    });
    this.json = `{${fields.join(',')}}`;
    this.outcome = new Promise((resolve, reject) => {
      this.settle = resolve;
      this.fail = reject;
    });
    // Of a call that leads nobody asks for it.
    this.outcome.catch(() => undefined);
  }
}

/** As the driver sends text: what no UTF-8 can hold becomes U+FFFD. */
function toJson(value: unknown): string {
  return JSON.stringify(typeof value === 'string' ? value.toWellFormed() : value);
}
