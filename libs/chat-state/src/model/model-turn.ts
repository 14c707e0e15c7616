/** What a worker does next with a chat as it knows it: the decision loop of a turn, with a made-up model. */
import { randomUUID } from 'node:crypto';
import type { MessagePart, OpenCall } from '@parley/contracts';
import { textContent } from '../testing/fixture';
import { cancelAction } from '../transitions/cancel-action';
import { commitCompaction, finishCompaction } from '../transitions/commit-compaction';
import { commitStep } from '../transitions/commit-step';
import { enterAction } from '../transitions/enter-action';
import { fail } from '../transitions/fail';
import { finishInterruption } from '../transitions/finish-interruption';
import { finishTurn } from '../transitions/finish-turn';
import { recordRetry } from '../transitions/record-retry';
import type { ChatHead, ChatStore, Done, Fence, NewMessage, Stale } from '../types';
import type { World } from './world';

export interface Write {
  run(store: ChatStore): Promise<Done | Stale>;
  /** The texts that it brings. */
  texts: string[];
  /** A second try may be done too, and harms nobody. */
  mayRepeat?: boolean;
}

interface Choice {
  world: World;
  head: ChatHead;
  pick: number;
}

/** Null when there is nothing to do for a worker. */
export function chooseWrite(choice: Choice): Write | null {
  const { head } = choice;
  if (head.runnerId === null) return null;
  const fence = { chatId: head.id, runnerId: head.runnerId, historyVersion: head.historyVersion };
  switch (head.status) {
    case 'running':
      if (head.openCalls.length > 0) return answerCalls(choice, fence);
      return choice.pick % 12 === 0 || head.compactionRequestedAt !== null
        ? compact(choice, fence)
        : generate(choice, fence);
    case 'interrupting':
      return stop(choice, fence);
    case 'requires_action':
      return { run: (store) => cancelAction(store, { fence }), texts: [] };
    case 'waiting':
    case 'error':
      return null;
  }
}

function generate({ world, pick }: Choice, fence: Fence): Write {
  const text = world.text('worker');
  const calls = (dynamic: boolean) => [
    callOf('first', dynamic),
    ...(pick % 2 ? [callOf('second', dynamic)] : []),
  ];
  switch (pick % 10) {
    case 0:
    case 6: {
      const openCalls = calls(false);
      const messages = [assistant(text, openCalls)];
      return { run: (store) => commitStep(store, { fence, messages, openCalls }), texts: [text] };
    }
    case 1: {
      const openCalls = calls(true);
      const messages = [assistant(text, openCalls)];
      return { run: (store) => enterAction(store, { fence, messages, openCalls }), texts: [text] };
    }
    case 2:
      return {
        run: (store) => recordRetry(store, { fence, retry: { delay_ms: 100, error: text } }),
        texts: [],
        mayRepeat: true,
      };
    case 3:
      return { run: (store) => fail(store, { fence, error: { message: text, retryable: true } }), texts: [] };
    case 4:
      return { run: (store) => commitStep(store, { fence, messages: [assistant(text)] }), texts: [text] };
    case 5: {
      // A turn that ends at its step limit: the calls of its last message stay unanswered.
      const openCalls = calls(false);
      const messages = [assistant(text, openCalls)];
      return { run: (store) => finishTurn(store, { fence, messages, openCalls }), texts: [text] };
    }
    default:
      return { run: (store) => finishTurn(store, { fence, messages: [assistant(text)] }), texts: [text] };
  }
}

/**
 * A summary takes the place of the history: where somebody asked for it, and at times in the middle of a turn. At times it fails. The
 * question that it repeats is one that people do not see again.
 */
function compact({ world, head, pick }: Choice, fence: Fence): Write {
  const text = world.text('worker');
  if (pick % 7 === 3)
    return { run: (store) => fail(store, { fence, error: { message: text, retryable: false } }), texts: [] };
  const compact = head.compactionRequestedAt === null ? commitCompaction : finishCompaction;
  const messages = compaction(text);
  return { run: (store) => compact(store, { fence, messages }), texts: [text] };
}

function compaction(text: string): NewMessage[] {
  const call = { tool_call_id: `compaction-${randomUUID()}`, tool_name: 'chat_summarized' };
  return [
    { role: 'user', content: textContent(text), visibility: 'model', compressed: true },
    {
      role: 'assistant',
      content: [{ type: 'tool-call', ...call, args: {} }],
      visibility: 'user',
      compressed: true,
    },
    {
      role: 'tool',
      content: [{ type: 'tool-result', ...call, result: { done: true } }],
      visibility: 'user',
      compressed: true,
    },
    { role: 'user', content: textContent('a question again'), visibility: 'model' },
  ];
}

/** The tools ran: their results are committed together, and at times the turn ends with them. */
function answerCalls({ world, head, pick }: Choice, fence: Fence): Write {
  const text = world.text('worker');
  const messages = [toolResults(text, head.openCalls)];
  return pick % 4 === 0
    ? { run: (store) => finishTurn(store, { fence, messages }), texts: [text] }
    : { run: (store) => commitStep(store, { fence, messages }), texts: [text] };
}

/** The partial answer, when there is one; or the result of the one tool that was done in time. */
function stop({ world, head, pick }: Choice, fence: Fence): Write {
  const text = world.text('worker');
  const [first, ...rest] = head.openCalls;
  if (pick % 3 === 0)
    return { run: (store) => finishInterruption(store, { fence, messages: [] }), texts: [] };
  if (first !== undefined) {
    const messages = [toolResults(text, [first])];
    return { run: (store) => finishInterruption(store, { fence, messages, openCalls: rest }), texts: [text] };
  }
  const openCalls = pick % 2 ? [callOf('partial', false)] : [];
  const messages = [assistant(text, openCalls)];
  return { run: (store) => finishInterruption(store, { fence, messages, openCalls }), texts: [text] };
}

const callOf = (name: string, dynamic: boolean): OpenCall => ({
  tool_call_id: `${name}-${randomUUID()}`,
  tool_name: name,
  dynamic,
});

function assistant(text: string, calls: readonly OpenCall[] = []): NewMessage {
  const parts = calls.map(({ tool_call_id, tool_name }): MessagePart => ({
    type: 'tool-call',
    tool_call_id,
    tool_name,
    args: { text },
  }));
  return { role: 'assistant', content: [...textContent(text), ...parts] };
}

function toolResults(text: string, calls: readonly OpenCall[]): NewMessage {
  return {
    role: 'tool',
    content: calls.map(({ tool_call_id, tool_name }, index): MessagePart => ({
      type: 'tool-result',
      tool_call_id,
      tool_name,
      result: index === 0 ? text : 'done',
    })),
  };
}
