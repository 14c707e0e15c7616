import { isObject, type JsonObject } from '../json-fields';
import type { Transcript } from '../model-request';
import { type Block, type RequestWalk, checkBlock } from './blocks';
import { refuse, refuseUnknownKeys, requireObject, requireString } from './fields';
import { checkPairing, type Turn } from './pairing';

const BLOCKS_OF_ROLE = {
  user: ['document', 'image', 'search_result', 'text', 'tool_result'],
  assistant: [
    'redacted_thinking',
    'server_tool_use',
    'text',
    'thinking',
    'tool_use',
    'web_search_tool_result',
  ],
  system: ['text'],
} as const;
const USER_INPUT = new Set(['text', 'image', 'document', 'search_result']);

function isRole(role: string): role is Turn['role'] {
  return role === 'user' || role === 'assistant' || role === 'system';
}

function refuseMisplaced(value: unknown, role: Turn['role'], index: number): void {
  if (!isObject(value)) return;
  if (value['type'] === 'tool_result' && role !== 'user') {
    throw refuse(`messages.${index}: \`tool_result\` blocks can only be in \`user\` messages`);
  }
  if ((value['type'] === 'tool_use' || value['type'] === 'thinking') && role !== 'assistant') {
    throw refuse(`messages.${index}: \`${value['type']}\` blocks can only be in \`assistant\` messages`);
  }
}

function readBlocks(message: JsonObject, role: Turn['role'], index: number, walk: RequestWalk): Block[] {
  const path = `messages.${index}.content`;
  const content = message['content'];
  if (content === undefined) throw refuse(`${path}: Field required`);
  const isEmpty = content === '' || (Array.isArray(content) && content.length === 0);
  if (isEmpty) {
    throw refuse(
      role === 'user'
        ? `messages.${index}: user messages must have non-empty content`
        : `messages.${index}: all messages must have non-empty content except for the optional final assistant message`,
    );
  }
  const blocks: unknown = typeof content === 'string' ? [{ type: 'text', text: content }] : content;
  if (!Array.isArray(blocks)) throw refuse(`${path}: Input should be a valid list`);
  return (blocks as unknown[]).map((block, position) => {
    refuseMisplaced(block, role, index);
    return checkBlock(block, { path: `${path}.${position}`, supported: BLOCKS_OF_ROLE[role], walk });
  });
}

function addToTranscript(role: Turn['role'], blocks: readonly Block[], transcript: Transcript): void {
  for (const block of blocks) {
    if (block.type === 'tool_result') transcript.addToolResult(block.text);
    else if (role === 'assistant' && block.type === 'text') transcript.addAnswerText(block.text);
    else if (role !== 'user') transcript.addText(block.text);
  }
  const input = role === 'user' ? blocks.filter((block) => USER_INPUT.has(block.type)) : [];
  if (input.length > 0) {
    transcript.addUserText(
      input
        .map((block) => block.text)
        .filter((text) => text !== '')
        .join('\n'),
    );
  }
}

/** While a model with a budget thinks, the answer whose tools have just run must begin with its thinking. */
function checkThinkingStart(turns: readonly Turn[]): void {
  const [answer, results] = turns.slice(-2);
  if (answer?.role !== 'assistant' || results?.blocks[0]?.type !== 'tool_result') return;
  const [first] = answer.blocks;
  if (first === undefined || first.type === 'thinking' || first.type === 'redacted_thinking') return;
  throw refuse(
    `${first.path}.type: Expected \`thinking\` or \`redacted_thinking\`, but found \`${first.type}\`. ` +
      'When `thinking` is enabled, a final `assistant` message must start with a thinking block.',
  );
}

/**
 * Checks the messages and walks them into the transcript. The conversation must end with the user: current models take
 * no prefilled answer.
 * @throws ApiError (400)
 */
export function walkMessages(
  messages: readonly unknown[],
  {
    transcript,
    walk,
    startsWithThinking,
  }: { transcript: Transcript; walk: RequestWalk; startsWithThinking: boolean },
): void {
  if (messages.length === 0) throw refuse('messages: at least one message is required');
  const turns: Turn[] = [];
  messages.forEach((value, index) => {
    const message = requireObject(value, `messages.${index}`);
    const role = requireString(message['role'], `messages.${index}.role`);
    if (!isRole(role)) {
      throw refuse(`messages: Unexpected role "${role}". Allowed roles are "user" or "assistant"`);
    }
    if (index === 0 && role !== 'user') throw refuse('messages: first message must use the "user" role');
    refuseUnknownKeys(message, new Set(['role', 'content']), `messages.${index}`);
    const blocks = readBlocks(message, role, index, walk);
    addToTranscript(role, blocks, transcript);
    const last = turns.at(-1);
    if (last?.role === role) last.blocks.push(...blocks);
    else turns.push({ role, index, blocks });
  });
  checkPairing(turns);
  if (startsWithThinking) checkThinkingStart(turns);
  if (turns.at(-1)?.role === 'assistant') {
    throw refuse(
      'This model does not support assistant message prefill. The conversation must end with a user message.',
    );
  }
}
