import { archiveChats, type OwnChat } from './archive-chats';

/** One that answers so, and then as the last time. */
function chat(...statuses: number[]): OwnChat & { readonly calls: string[] } {
  const calls: string[] = [];
  const answer = (): number => (statuses.length > 1 ? statuses.shift() : statuses[0]) ?? 500;
  return {
    chatId: 'c',
    calls,
    setArchived: () => {
      calls.push('archive');
      return Promise.resolve(answer());
    },
    change: (_method, path) => {
      calls.push(path);
      return Promise.resolve(200);
    },
  };
}

describe('archiving the chats of a run', () => {
  it('interrupts those at work and tries again until they are at rest', async () => {
    const busy = chat(409, 409, 204);
    expect(await archiveChats([busy, chat(204)], 0)).toBe(0);
    expect(busy.calls).toEqual(['archive', '/interrupt', 'archive', '/interrupt', 'archive']);
  });

  it('counts those that never rest and those that are refused, and leaves out what was never created', async () => {
    const lost: OwnChat = { ...chat(204), setArchived: () => Promise.reject(new Error('away')) };
    const uncreated = { ...chat(500), chatId: '' };
    expect(await archiveChats([chat(409), chat(500), lost, uncreated, chat(400)], 0)).toBe(3);
  });
});
