/** A root chat whose model spawns a child, waits for it and then ends its turn: all by the mock, so that a real worker runs it. */
import { randomUUID } from 'node:crypto';
import { createChat } from '@parley/chat-state';
import { chatIdOf } from '../tools/subagents/call-identity';
import { ask, type Harness } from './harness';

/** Created, acquired, answered: nothing else has happened when a root's first calls are open. */
const FIRST_CALLS = 3;
/** The history in which its second calls are open, after the results of the first. */
export const PARENT_WAITS_AT = 5;

export interface ParentPlan {
  /** How the child's model answers. */
  readonly child: Parameters<typeof ask>[0];
  readonly wait?: object;
  /** Tools that are called beside the wait. */
  readonly beside?: readonly string[];
}

/** A root whose model spawns one child, waits for it, and says "over". */
export async function createParent(
  harness: Harness,
  { child, wait = {}, beside = [] }: ParentPlan,
): Promise<{ chatId: string; childId: string }> {
  const chatId = randomUUID();
  const childId = chatIdOf(`${chatId}:${FIRST_CALLS}:call_spawn`);
  const steps = [
    [
      {
        id: 'call_spawn',
        name: 'spawn_agent',
        // As text, so that the mock does not take the child's control block for one of the parent's.
        arguments: JSON.stringify({ type: 'general', prompt: ask(child), title: 'Child' })
          .replaceAll('[[', '\\u005b[')
          .replaceAll(']]', '\\u005d]'),
      },
    ],
    [
      ...beside.map((name) => ({ id: `call_${name}`, name, arguments: {} })),
      { id: 'call_wait', name: 'wait_agent', arguments: { chat_id: childId, ...wait } },
    ],
  ];
  const created = await createChat(harness.store, {
    id: chatId,
    organizationId: harness.organizationId,
    ownerId: harness.ownerId,
    title: 'Parent',
    titleSource: 'manual',
    modelConfigId: harness.modelConfigId,
    userMessage: {
      role: 'user',
      content: [{ type: 'text', text: ask({ tool_calls: steps, reply: 'over' }) }],
      createdBy: harness.ownerId,
      modelConfigId: harness.modelConfigId,
    },
  });
  if (!created.ok) throw new Error(created.reason);
  return { chatId, childId };
}
