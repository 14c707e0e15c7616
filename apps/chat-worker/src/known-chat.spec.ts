import type { ChatHead } from '@parley/chat-state';
import type { ChatChange, ChatMessage } from '@parley/contracts';
import { KnownChat } from './known-chat';

const head: ChatHead = {
  id: '018f0000-0000-7000-8000-000000000001',
  organizationId: 'o',
  ownerId: 'u',
  parentChatId: null,
  rootChatId: null,
  title: 't',
  titleSource: 'manual',
  mode: null,
  planMode: null,
  clientType: 'api',
  labels: {},
  mcpServerIds: [],
  dynamicTools: [],
  allowedTools: null,
  pinOrder: 0,
  lastModelConfigId: 'model-1',
  lastReasoningEffort: null,
  lastTurnSummary: null,
  summary: null,
  hasUnread: false,
  createdAt: new Date(0),
  updatedAt: new Date(0),
  status: 'waiting',
  archived: false,
  queue: [],
  openCalls: [],
  actionDeadlineAt: null,
  lastError: null,
  workerId: 'worker-1',
  runnerId: 'runner-1',
  version: 5,
  historyVersion: 5,
  queueVersion: 0,
  generationAttempt: 0,
  retry: null,
  compactionRequestedAt: null,
};

function changeTo(version: number, fields: Partial<ChatChange> = {}): ChatChange {
  return {
    chat_id: head.id,
    owner_id: 'u',
    from_version: version - 1,
    version,
    history_version: 5,
    queue_version: 0,
    status: 'running',
    worker_id: 'worker-1',
    generation_attempt: 0,
    archived: false,
    ...fields,
  };
}

function know(): { chat: KnownChat; histories: [number, number][] } {
  const histories: [number, number][] = [];
  const chat = new KnownChat(head, (previous, change) => histories.push([previous, change.history_version]));
  return { chat, histories };
}

describe('what a runner knows of its chat', () => {
  it('follows changes in order, and drops old ones', () => {
    const { chat, histories } = know();
    chat.learn(changeTo(6, { history_version: 6 }));
    chat.learn(changeTo(6, { history_version: 6 }));
    chat.learn(changeTo(4, { status: 'error' }));
    expect(chat.head).toMatchObject({ version: 6, historyVersion: 6, status: 'running' });
    expect(histories).toEqual([[5, 6]]);
    expect(chat.isBehind).toBe(false);
  });

  it('holds a change that came too early until the missing one is there', () => {
    const { chat } = know();
    chat.learn(changeTo(7, { status: 'waiting', history_version: 6 }));
    expect(chat.isBehind).toBe(true);
    expect(chat.head.version).toBe(5);
    chat.learn(changeTo(6, { history_version: 6 }));
    expect(chat.isBehind).toBe(false);
    expect(chat.head).toMatchObject({ version: 7, status: 'waiting' });
  });

  it('reads the row of a chat that runs without a question: it is to be compacted', () => {
    const cancelled = { role: 'tool' } as ChatMessage;
    for (const change of [changeTo(6), changeTo(6, { history_version: 6, messages: [cancelled] })]) {
      const { chat } = know();
      chat.learn(change);
      expect(chat.isBehind).toBe(true);
      const compactionRequestedAt = new Date(0);
      chat.reread({ ...chat.head, status: 'running', compactionRequestedAt });
      expect(chat.isBehind).toBe(false);
      chat.learn(changeTo(7, { history_version: chat.head.historyVersion, queue_version: 7 }));
      expect(chat.head.compactionRequestedAt).toBe(compactionRequestedAt);
      chat.learn(changeTo(8, { history_version: chat.head.historyVersion, status: 'interrupting' }));
      expect(chat.head.compactionRequestedAt).toBeNull();
    }
  });

  it('is behind after a mere hint until the row was read', () => {
    const { chat } = know();
    chat.hint(8);
    expect(chat.isBehind).toBe(true);
    chat.reread({ ...head, version: 9, status: 'running' });
    expect(chat.isBehind).toBe(false);
    expect(chat.head.version).toBe(9);
  });

  it('is behind after a change whose content was left out', () => {
    const { chat } = know();
    chat.learn(changeTo(6, { history_version: 6, truncated: true }));
    expect(chat.head).toMatchObject({ version: 6, status: 'running' });
    expect(chat.isBehind).toBe(true);
    chat.learn(changeTo(7, { history_version: 6 }));
    expect(chat.isBehind).toBe(true);
    chat.reread({ ...head, version: 7, historyVersion: 6, status: 'running' });
    expect(chat.isBehind).toBe(false);
  });

  it('does not go back to a row that was read before a change came', () => {
    const { chat } = know();
    chat.learn(changeTo(6));
    chat.reread(head);
    expect(chat.head.version).toBe(6);
  });

  it('hears an interrupt also ahead of what it follows on, but not on another history', () => {
    const { chat } = know();
    chat.learn(changeTo(6));
    chat.learn(changeTo(8, { status: 'interrupting' }));
    expect(chat.status).toBe('interrupting');
    const { chat: other } = know();
    other.learn(changeTo(8, { status: 'interrupting', history_version: 7 }));
    expect(other.status).toBe('waiting');
  });

  it('is no longer owned when another worker has it, or nobody, or it is gone', () => {
    const { chat } = know();
    expect(chat.isOwnedBy('runner-1')).toBe(true);
    chat.learn(changeTo(6, { worker_id: 'worker-2' }));
    expect(chat.isOwnedBy('runner-1')).toBe(false);
    const { chat: gone } = know();
    gone.reread(null);
    expect(gone.isOwnedBy('runner-1')).toBe(false);
    expect(gone.isBehind).toBe(false);
  });

  it('takes the settings of the next turn from the change that brought them', () => {
    const { chat } = know();
    chat.learn(changeTo(6, { history_version: 6 }), {
      model_config_id: 'model-2',
      reasoning_effort: 'high',
      plan_mode: 'plan',
      mcp_server_ids: ['m'],
    });
    expect(chat.head).toMatchObject({
      lastModelConfigId: 'model-2',
      lastReasoningEffort: 'high',
      planMode: 'plan',
      mcpServerIds: ['m'],
    });
  });

  it('is stale after a refused write until the row was read', () => {
    const { chat } = know();
    chat.refused();
    expect(chat.isStale).toBe(true);
    chat.reread(head);
    expect(chat.isStale).toBe(false);
  });
});
