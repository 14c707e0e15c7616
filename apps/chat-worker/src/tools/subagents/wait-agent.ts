/**
 * `wait_agent`: waits until a child rests, and returns what it has to say.
 *
 * The bus wakes it when the child's status changes; it holds no connection and asks Postgres only when something has happened, when the
 * bus was away, and once more before it gives up, because the end may have come between. Meanwhile another chat may have the
 * parent's place in the worker. A child that failed is a result like any other: the model decides what to do about it.
 */
import { readReport, type ChatHead } from '@parley/chat-state';
import { subjects } from '@parley/contracts';
import { cutMiddle } from '@parley/llm';
import { z } from 'zod';
import { Subscriptions } from '../../subscriptions';
import { WakeSignal } from '../../wake-signal';
import { defineTool, type LocalTool, type ToolCallContext } from '../local-tool';
import { chatIdArgument, childOf, isRoot, shown, type SubagentParts } from './subagent-parts';

const DEFAULT_WAIT_SECONDS = 300;
const MAX_WAIT_SECONDS = 3_600;
const MAX_REPORT_BYTES = 128 * 1024;
/** Beyond the longest wait: the last look needs time too. */
const TIMEOUT_MS = (MAX_WAIT_SECONDS + 60) * 1_000;

export function waitAgent(parts: SubagentParts): LocalTool {
  return defineTool({
    name: 'wait_agent',
    description:
      'Wait for a subagent to finish, and get its answer as `report`. Returns as soon as it rests. With `timed_out` it is still at work: wait again, or do something else meanwhile. With status "error" it failed: `last_error` says why.',
    input: z.strictObject({
      chat_id: chatIdArgument,
      timeout_seconds: z
        .int()
        .min(0)
        .optional()
        .describe(`Default ${DEFAULT_WAIT_SECONDS}, at most ${MAX_WAIT_SECONDS}.`),
    }),
    annotations: { isReadOnly: true },
    timeoutMs: TIMEOUT_MS,
    isOfferedTo: isRoot,
    run: async ({ chat_id: chatId, timeout_seconds: wished = DEFAULT_WAIT_SECONDS }, context) => {
      const timeoutMs = Math.min(wished, MAX_WAIT_SECONDS) * 1_000;
      const child = await rested(parts, context, { chatId, timeoutMs });
      if (isAtWork(child)) return { ...shown(child), timed_out: true };
      const { persistence, store } = parts;
      const report = await persistence.write(() => readReport(store.database, { chatId }), context.signal);
      return { ...shown(child), report: cutMiddle(report, MAX_REPORT_BYTES), ...failureOf(child) };
    },
  });
}

/** The child when it rests, or when the time is over. @throws ToolError; the driver's error; the signal's reason */
async function rested(
  parts: SubagentParts,
  context: ToolCallContext,
  { chatId, timeoutMs }: { chatId: string; timeoutMs: number },
): Promise<ChatHead> {
  const { clock, logger, store } = parts;
  const until = clock.now() + timeoutMs;
  const news = new WakeSignal();
  const listening = new Subscriptions((error) =>
    logger.warn({ err: error, chat_id: chatId }, 'Could not listen to a subagent'),
  );
  const changed = subjects.chatChanged(chatId);
  listening.add(store.bus.subscribe(changed, ({ status }) => void (isWork(status) || news.fire())));
  const stopWatching = store.bus.onReconnect(() => news.fire());
  try {
    // Before the first look: what happens after it must be heard.
    if (store.bus.isConnected) await listening.made();
    for (;;) {
      const child = await childOf(parts, context, chatId);
      const leftMs = until - clock.now();
      if (!isAtWork(child) || leftMs <= 0) return child;
      await context.waitingFor(() => newsOrTimeout(parts, { news, leftMs, signal: context.signal }));
    }
  } finally {
    stopWatching();
    await listening.close();
  }
}

async function newsOrTimeout(
  { clock }: Pick<SubagentParts, 'clock'>,
  { news, leftMs, signal }: { news: WakeSignal; leftMs: number; signal: AbortSignal },
): Promise<void> {
  const over = new AbortController();
  const timeout = clock.sleep(leftMs, {
    name: 'wait for a subagent',
    signal: AbortSignal.any([signal, over.signal]),
  });
  // Whichever comes second is of no interest.
  timeout.catch(() => undefined);
  try {
    await Promise.race([news.wait(), timeout]);
  } finally {
    over.abort();
  }
}

function isWork(status: string): boolean {
  return status === 'running' || status === 'interrupting';
}

function isAtWork(child: ChatHead): boolean {
  return isWork(child.status);
}

function failureOf({ lastError }: ChatHead): object {
  if (lastError === null) return {};
  return {
    last_error: lastError.message,
    last_error_kind: lastError.kind ?? 'generic',
    last_error_retryable: lastError.retryable,
    ...(lastError.detail !== undefined && { last_error_detail: lastError.detail }),
  };
}
