/**
 * `message_agent`: a further message for a child. It is sent under a key that comes from the call, so that the call can be repeated: the
 * message arrives once. To the child's limits and queue it is a message like any other.
 */
import { readRepeatedSend, send, type RefusalReason } from '@parley/chat-state';
import { z } from 'zod';
import { UsageLimitExceededError } from '@parley/spend';
import { defineTool, ToolError, type LocalTool, type ToolCallContext } from '../local-tool';
import { onceKeyOf } from './call-identity';
import { chatIdArgument, childOf, isRoot, shown, type SubagentParts } from './subagent-parts';

const MAX_MESSAGE_LENGTH = 128 * 1024;

const input = z.strictObject({
  chat_id: chatIdArgument,
  message: z.string().trim().min(1, 'must not be blank').max(MAX_MESSAGE_LENGTH),
  interrupt: z
    .boolean()
    .default(false)
    .describe('Stop what it does now first. Default false: the message waits its turn.'),
});
type MessageInput = z.output<typeof input>;

export function messageAgent(parts: SubagentParts): LocalTool {
  return defineTool({
    name: 'message_agent',
    description:
      'Send a message to a subagent: more work when it rests, a correction when it is busy. Collect its answer with wait_agent.',
    input,
    annotations: { isIdempotent: true },
    isOfferedTo: isRoot,
    run: async (asked, context) => {
      const before = await childOf(parts, context, asked.chat_id);
      const { queued } = await deliver(parts, context, asked);
      const child = await childOf(parts, context, asked.chat_id);
      return { ...shown(child), queued, interrupted: asked.interrupt && before.status === 'running' };
    },
  });
}

/** @throws ToolError; the driver's error */
async function deliver(
  parts: SubagentParts,
  { turn: { chat }, callKey, signal }: ToolCallContext,
  { chat_id: chatId, message, interrupt }: MessageInput,
): Promise<{ queued: boolean }> {
  const { limits, persistence, store } = parts;
  const once = onceKeyOf(callKey, message);
  const userId = chat.ownerId;
  const sendOnce = () =>
    send(store, {
      chatId,
      ownerId: userId,
      content: [{ type: 'text', text: message }],
      busyBehavior: interrupt ? 'interrupt' : 'queue',
      once,
    });
  let refusal: unknown;
  try {
    const turn = { userId, rootChatId: chat.id };
    const sent = await persistence.write(() => limits.within(turn, sendOnce), signal);
    if (sent.ok) return sent;
    refusal = new ToolError(wordsFor(sent.reason));
  } catch (error) {
    refusal = error instanceof UsageLimitExceededError ? new ToolError(error.message) : error;
  }
  const repeat = await persistence.write(() => readRepeatedSend(store.database, { userId, once }), signal);
  if (repeat?.isSame === true) return repeat.result;
  throw refusal;
}

function wordsFor(reason: RefusalReason): string {
  switch (reason) {
    case 'queue_full':
      return 'Too many messages wait for this subagent already. Wait for it, or interrupt it.';
    case 'archived':
      return 'This subagent is archived.';
    default:
      return `The message was refused: ${reason.replaceAll('_', ' ')}.`;
  }
}
