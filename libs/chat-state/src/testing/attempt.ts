/** Tries any transition on a chat with everything given that it may ask for: owner, runner, ids, results. */
import { randomUUID } from 'node:crypto';
import type { Transition } from '../transition-table';
import { acquire } from '../transitions/acquire';
import { cancelAction } from '../transitions/cancel-action';
import { clearContext } from '../transitions/clear-context';
import { commitCompaction, finishCompaction } from '../transitions/commit-compaction';
import { commitStep } from '../transitions/commit-step';
import { completeAction } from '../transitions/complete-action';
import { createChat } from '../transitions/create';
import { deleteQueued } from '../transitions/delete-queued';
import { edit } from '../transitions/edit';
import { enterAction } from '../transitions/enter-action';
import { fail } from '../transitions/fail';
import { finishInterruption } from '../transitions/finish-interruption';
import { finishTurn } from '../transitions/finish-turn';
import { interrupt } from '../transitions/interrupt';
import { promoteQueued } from '../transitions/promote-queued';
import { recordRetry } from '../transitions/record-retry';
import { release } from '../transitions/release';
import { requestCompaction } from '../transitions/request-compaction';
import { send } from '../transitions/send';
import { setArchived } from '../transitions/set-archived';
import type { Done, NewMessage, RefusalReason } from '../types';
import type { ArrangedChat } from './arrange-chat';
import { textContent, type Fixture } from './fixture';

export type Attempt =
  Done | { ok: false; reason: RefusalReason | 'stale' | 'nothing_to_acquire'; state?: string };

const answer: NewMessage = { role: 'assistant', content: textContent('an answer') };
const boundary: NewMessage = {
  role: 'user',
  content: textContent('a summary'),
  visibility: 'model',
  compressed: true,
};

export async function attempt(
  fixture: Fixture,
  chat: ArrangedChat,
  transition: Transition,
): Promise<Attempt> {
  const { store, ownerId } = fixture;
  const chatId = chat.id;
  const own = { chatId, ownerId };
  const fence = { chatId, runnerId: chat.runnerId, historyVersion: chat.historyVersion };
  const queuedMessageId = chat.queuedIds.at(-1) ?? 2;
  switch (transition) {
    case 'create':
      return createChat(store, {
        id: chatId,
        organizationId: fixture.organizationId,
        ownerId,
        title: 'New',
        titleSource: 'fallback',
        modelConfigId: fixture.modelConfigId,
        userMessage: { role: 'user', content: textContent('hello') },
      });
    case 'send_queue':
      return send(store, { ...own, content: textContent('sent'), busyBehavior: 'queue' });
    case 'send_interrupt':
      return send(store, { ...own, content: textContent('sent'), busyBehavior: 'interrupt' });
    case 'edit':
      return edit(store, { ...own, messageId: chat.userMessageId, content: textContent('edited') });
    case 'delete_queued':
      return deleteQueued(store, { ...own, queuedMessageId });
    case 'promote_queued':
      return promoteQueued(store, { ...own, queuedMessageId });
    case 'interrupt':
      return interrupt(store, own);
    case 'complete_action': {
      const results = chat.openCallIds.map((id) => ({ toolCallId: id, output: 'found', isError: false }));
      return completeAction(store, { ...own, results });
    }
    case 'request_compaction':
      return requestCompaction(store, own);
    case 'clear_context':
      return clearContext(store, own);
    case 'archive':
      return setArchived(store, { ...own, archived: true });
    case 'unarchive':
      return setArchived(store, { ...own, archived: false });
    case 'acquire': {
      const head = await acquire(store, { chatId, workerId: fixture.workerId });
      if (head === null) return { ok: false, reason: 'nothing_to_acquire' };
      return { ok: true, chat: head, rows: [], change: unknownChange };
    }
    case 'release':
      return release(store, fence);
    case 'commit_step':
      return commitStep(store, { fence, messages: [answer] });
    case 'commit_compaction':
      return commitCompaction(store, { fence, messages: [boundary] });
    case 'finish_compaction':
      return finishCompaction(store, { fence, messages: [boundary] });
    case 'enter_action': {
      const openCalls = [{ tool_call_id: randomUUID(), tool_name: 'look_up', dynamic: true }];
      return enterAction(store, { fence, messages: [answer], openCalls });
    }
    case 'finish_turn':
      return finishTurn(store, { fence, messages: [answer] });
    case 'finish_interruption':
      return finishInterruption(store, { fence, messages: [answer] });
    case 'record_retry':
      return recordRetry(store, { fence, retry: { delay_ms: 1000, error: 'overloaded' } });
    case 'fail':
      return fail(store, { fence, error: { message: 'failed', retryable: false } });
    case 'cancel_action':
      return cancelAction(store, { fence });
  }
}

/** An acquire returns the head alone. */
const unknownChange = {} as Done['change'];
