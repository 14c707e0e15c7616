/** What specs of calls beside the turns share: models behind a gate, and what the ledger has of a chat. */
import { send } from '@parley/chat-state';
import { sql } from '@parley/database';
import type { ModelClient, ResolvedModel } from '@parley/llm';
import type { ControlInput } from '@parley/llmmock';
import { ask, type Harness, type TestWorker, type TestWorkerOptions } from '../../testing/harness';

const READ_CALLS = sql(
  'read_calls_for_worker_test',
  'select purpose, outcome, model_config_id from chat_model_calls where chat_id = $1 order by created_at, id',
);

export interface RecordedCall {
  readonly purpose: string;
  readonly outcome: string;
  readonly model_config_id: string;
}

export function recordedCalls(harness: Harness, chatId: string): Promise<RecordedCall[]> {
  return harness.testDatabase.database.query<RecordedCall>(READ_CALLS, [chatId]);
}

/** The calls of a chat that stored no message, as "purpose outcome". */
export async function callsOf(harness: Harness, chatId: string): Promise<string[]> {
  return (await recordedCalls(harness, chatId)).map(({ purpose, outcome }) => `${purpose} ${outcome}`);
}

/** Sends one more message. */
export async function follow(harness: Harness, chatId: string, control: ControlInput): Promise<void> {
  const content = [{ type: 'text' as const, text: ask(control) }];
  const { ownerId } = harness;
  const sent = await send(harness.store, { chatId, ownerId, content, busyBehavior: 'queue' });
  if (!sent.ok) throw new Error(sent.reason);
}

export interface WorkerBehindGate {
  readonly member: TestWorker;
  /** How many calls have come to the gate. */
  readonly waiting: () => number;
  /** For good. */
  readonly open: () => void;
}

/** A worker whose calls for JSON, which are those beside the turns, wait at a gate. */
export async function startBehindGate(
  harness: Harness,
  options: TestWorkerOptions,
): Promise<WorkerBehindGate> {
  let open: () => void = () => undefined;
  let waiting = 0;
  const gate = new Promise<void>((resolve) => (open = resolve));
  const behindGate = (model: ResolvedModel): ResolvedModel => {
    const client: ModelClient = {
      ...model.client,
      async *stream(request, signal) {
        if (request.responseFormat !== undefined) {
          waiting += 1;
          const aborted = new Promise((resolve) => {
            signal.addEventListener('abort', resolve, { once: true });
          });
          await Promise.race([gate, aborted]);
        }
        yield* model.client.stream(request, signal);
      },
    };
    return { ...model, client };
  };
  const source = await harness.addWorker();
  const resolve = async (id: string): Promise<ResolvedModel> => behindGate(await source.models.resolve(id));
  const member = await harness.startWorker({ ...options, models: { resolve } });
  return { member, waiting: () => waiting, open: () => open() };
}
