/**
 * Each turn two subagents are spawned at once, one of each type, and the next turn waits for both. They take longer than the turn that spawned
 * them, so that the parent has to wait; the model that they are asked with is the parent's, whatever a deployment has chosen for them.
 */
import { promptFor, SPAWN_TOOL, type ToolCallOrder, WAIT_TOOL } from '../answer-shape';
import type { ChatSession } from '../generator/chat-session';
import { openPlainly, type Scenario } from './scenario';

const TYPES = ['general', 'explore'];
const CHILD_CHUNK_MS = 50;

export const subagents: Scenario = {
  open: openPlainly,
  async act(chat, intendedAtMs) {
    const { shape } = chat.options;
    const childShape = { ...shape, chunkMs: Math.max(CHILD_CHUNK_MS, shape.chunkMs) };
    const reports = TYPES.map((_, number) => chat.subagents.order(number, childShape));
    const spawns = reports.map((order, number): ToolCallOrder => {
      const { modelConfigId } = chat.options;
      const asked = {
        type: TYPES[number],
        title: `Agent ${number}`,
        prompt: promptFor(order),
        ...(modelConfigId === undefined ? {} : { model_config_id: modelConfigId }),
      };
      return { name: SPAWN_TOOL, arguments: withHiddenBlocks(asked) };
    });
    const toolSteps = [TYPES.length];
    const spawning = await chat.turn({ intendedAtMs, toolSteps, calls: [spawns] });
    const agents = spawnedIn(chat, spawning.order.key);
    const waits = agents.map((id): ToolCallOrder => ({ name: WAIT_TOOL, arguments: { chat_id: id } }));
    await Promise.all([
      chat.turn({ intendedAtMs: performance.now(), toolSteps, calls: [waits], reports }),
      ...reports.map((order, number) => chat.subagents.watch(agents[number] ?? '', order)),
    ]);
  },
};

/** As JSON in which the mock does not take a subagent's control block for one of its parent's. */
const withHiddenBlocks = (args: object): string =>
  JSON.stringify(args).replaceAll('[[', '\\u005b[').replaceAll(']]', '\\u005d]');

/** @throws Error unless all were */
function spawnedIn(chat: ChatSession, key: string): string[] {
  const agents = chat.subagents.spawnedAfter(key);
  if (agents.length === TYPES.length) return agents;
  throw new Error(`${agents.length} of ${TYPES.length} subagents were spawned`);
}
