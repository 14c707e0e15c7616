import type { LedgerEntryJson } from '@parley/llmmock';
import { toLedgerCalls } from './ledger-call';

const ENTRY: LedgerEntryJson = {
  id: 1,
  api: 'chat-completions',
  received_at: 5,
  model: 'm',
  key: 'a/0',
  step: 0,
  purpose: 'chat',
  prompt_sha256: 'f',
  message_count: 1,
  last_user_text: '',
  user_keys: ['a/0'],
  user_key_count: 1,
  answer_characters: 20,
  tool_results: 3,
  streamed: true,
  status: 200,
  fault: null,
  error: null,
  chunks_planned: 2,
  chunks_sent: 2,
  bytes_received: 1,
  bytes_sent: 1,
  usage: null,
  schedule_ms: 0,
  first_byte_at: 5,
  ended_at: 6,
  closed_by_client_at: null,
  duration_ms: 1,
};

describe('the calls of the ledger', () => {
  it('are found by their keys, with what the model was told; titles are none', () => {
    const { byKey } = toLedgerCalls([ENTRY, { ...ENTRY, id: 2, purpose: 'structured' }], 0);
    expect([...byKey.keys()]).toEqual(['a/0']);
    expect(byKey.get('a/0')).toMatchObject([
      {
        id: 1,
        isWhole: true,
        prompt: { userKeys: ['a/0'], userKeyCount: 1, answerCharacters: 20, toolResults: 3 },
      },
    ]);
  });

  it('are not whole when chunks are missing or the client left, and tell no prompt that was not read', () => {
    const changed = (change: Partial<LedgerEntryJson>) =>
      toLedgerCalls([{ ...ENTRY, ...change }], 0).byKey.get('a/0')?.[0];
    expect(changed({ chunks_sent: 1 })?.isWhole).toBe(false);
    expect(changed({ closed_by_client_at: 6 })?.isWhole).toBe(false);
    expect(changed({ prompt_sha256: null })?.prompt).toBeNull();
  });

  it('of a mock that does not tell what a prompt held are refused', () => {
    const { user_keys: _keys, ...old } = ENTRY;
    expect(() => toLedgerCalls([old as LedgerEntryJson], 0)).toThrow(/too old: its ledger has no user_keys/);
  });
});
