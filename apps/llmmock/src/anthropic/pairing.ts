/**
 * How the blocks of a conversation go together, after the API has merged neighbouring messages of one role: every
 * `tool_use` has its one `tool_result` at the very start of the next user message, no result lacks its call, ids are
 * unique, and a provider-executed call has its result in the same message.
 */
import type { Block } from './blocks';
import { refuse } from './fields';

export interface Turn {
  readonly role: 'user' | 'assistant' | 'system';
  /** Index of the first of the request's messages in it. */
  readonly index: number;
  readonly blocks: Block[];
}

function idsOf(blocks: readonly Block[], type: string, field: string): string[] {
  return blocks.flatMap((block) => (block.type === type ? [String(block.fields[field])] : []));
}

function leadingResults(turn: Turn | undefined): Set<string> {
  const ids = new Set<string>();
  for (const block of turn?.role === 'user' ? turn.blocks : []) {
    if (block.type !== 'tool_result') break;
    ids.add(String(block.fields['tool_use_id']));
  }
  return ids;
}

function checkResults(turn: Turn, previous: Turn | undefined): void {
  const calls = new Set(previous?.role === 'assistant' ? idsOf(previous.blocks, 'tool_use', 'id') : []);
  const seen = new Set<string>();
  for (const block of turn.blocks) {
    if (block.type !== 'tool_result') continue;
    const id = String(block.fields['tool_use_id']);
    if (!calls.has(id)) {
      throw refuse(
        `${block.path}: unexpected \`tool_use_id\` found in \`tool_result\` blocks: ${id}. ` +
          'Each `tool_result` block must have a corresponding `tool_use` block in the previous message.',
      );
    }
    if (seen.has(id)) {
      throw refuse(
        `${block.path}: each tool_use must have a single result. Found multiple \`tool_result\` blocks with id: ${id}`,
      );
    }
    seen.add(id);
  }
}

function checkCalls(turn: Turn, next: Turn | undefined): void {
  const results = leadingResults(next);
  const missing = idsOf(turn.blocks, 'tool_use', 'id').filter((id) => !results.has(id));
  if (missing.length > 0) {
    throw refuse(
      `messages.${turn.index}: \`tool_use\` ids were found without \`tool_result\` blocks immediately after: ${missing.join(', ')}. ` +
        'Each `tool_use` block must have a corresponding `tool_result` block in the next message.',
    );
  }
}

function checkProviderCalls(turn: Turn): void {
  const open = new Set<string>();
  for (const block of turn.blocks) {
    if (block.type === 'server_tool_use') open.add(String(block.fields['id']));
    if (block.type !== 'web_search_tool_result') continue;
    const id = String(block.fields['tool_use_id']);
    if (!open.delete(id)) {
      throw refuse(
        `${block.path}: unexpected \`tool_use_id\` found in \`web_search_tool_result\` blocks: ${id}. ` +
          'Each `web_search_tool_result` block must have a corresponding `server_tool_use` block before it.',
      );
    }
  }
  const [first] = open;
  if (first !== undefined) {
    throw refuse(
      `messages.${turn.index}: \`web_search\` tool use with id \`${first}\` was found without a corresponding \`web_search_tool_result\` block`,
    );
  }
}

/** @throws ApiError (400) */
export function checkPairing(turns: readonly Turn[]): void {
  const callIds = new Set<string>();
  turns.forEach((turn, position) => {
    if (turn.role === 'user') checkResults(turn, turns[position - 1]);
    if (turn.role !== 'assistant') return;
    for (const block of turn.blocks) {
      if (block.type !== 'tool_use' && block.type !== 'server_tool_use') continue;
      const id = String(block.fields['id']);
      if (callIds.has(id)) throw refuse(`${block.path}: \`tool_use\` ids must be unique`);
      callIds.add(id);
    }
    const last = turn.blocks.at(-1)?.type;
    if (last === 'thinking' || last === 'redacted_thinking') {
      throw refuse(`messages.${turn.index}: The final block in an assistant message cannot be \`thinking\`.`);
    }
    checkCalls(turn, turns[position + 1]);
    checkProviderCalls(turn);
  });
}
