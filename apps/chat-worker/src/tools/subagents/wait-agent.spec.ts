import type { ChatHead } from '@parley/chat-state';
import { subjects } from '@parley/contracts';
import { Family, queryOf, type Query } from '../../testing/family';
import { Harness } from '../../testing/harness';

let harness: Harness;
let query: Query;
beforeAll(async () => {
  harness = await Harness.open();
  query = queryOf(harness);
});
afterEach(() => harness.stopWorkers());
afterAll(() => harness.close());

describe('wait_agent', () => {
  const rest = (chatId: string, status: string) => ({
    chat_id: chatId,
    owner_id: harness.ownerId,
    from_version: 1,
    version: 2,
    history_version: 1,
    queue_version: 0,
    status: status as 'waiting',
    worker_id: null,
    generation_attempt: 0,
    archived: false,
  });
  const finish = (child: ChatHead, text: string) =>
    query(
      'finish',
      `with answer as (insert into chat_messages (chat_id, revision, role, content) values ($1, 2, 'assistant', $2))
       update chats set status = 'waiting' where id = $1`,
      [child.id, JSON.stringify([{ type: 'text', text }])],
    );

  it('returns at once what a child at rest has to say', async () => {
    const family = await Family.create(harness);
    const child = await family.spawn();
    await finish(child, 'Seven files');
    expect(await family.call('wait_agent', { chat_id: child.id })).toEqual({
      chat_id: child.id,
      title: child.title,
      type: 'general',
      status: 'waiting',
      report: 'Seven files',
    });
    expect(family.waits).toBe(0);
  });

  it('is woken by the bus, lends its place meanwhile, and asks nothing before', async () => {
    const family = await Family.create(harness);
    const child = await family.spawn();
    const waiting = family.call('wait_agent', { chat_id: child.id });
    await family.clock.waitForSleeper('wait for a subagent');
    await finish(child, 'Done');
    await family.clock.advance(60_000);
    expect(family.clock.sleepers('wait for a subagent')).toHaveLength(1);
    harness.bus.publish(subjects.chatChanged(child.id), rest(child.id, 'running'));
    harness.bus.publish(subjects.chatChanged(child.id), rest(child.id, 'waiting'));
    expect(await waiting).toMatchObject({ status: 'waiting', report: 'Done' });
    expect(family.waits).toBe(1);
    expect(family.clock.sleepers()).toEqual([]);
  });

  it('gives up after five minutes, or when asked to, after a last look', async () => {
    const family = await Family.create(harness);
    const child = await family.spawn();
    const waiting = family.call('wait_agent', { chat_id: child.id });
    await family.clock.waitForSleeper('wait for a subagent');
    await family.clock.advance(300_000);
    expect(await waiting).toMatchObject({ status: 'running', timed_out: true });
    const shorter = family.call('wait_agent', { chat_id: child.id, timeout_seconds: 7 });
    await family.clock.waitForSleeper('wait for a subagent');
    await finish(child, 'Just in time');
    await family.clock.advance(7_000);
    expect(await shorter).toMatchObject({ status: 'waiting', report: 'Just in time' });
    const [, again] = [await harness.head(child.id), await family.spawn()];
    expect(await family.call('wait_agent', { chat_id: again.id, timeout_seconds: 0 })).toMatchObject({
      timed_out: true,
    });
  });

  it('returns the failure of a child as a result', async () => {
    const family = await Family.create(harness);
    const child = await family.spawn();
    await query('fail', `update chats set status = 'error', last_error = $2 where id = $1`, [
      child.id,
      JSON.stringify({ message: 'No money', kind: 'usage_limit', retryable: false, detail: 'quota' }),
    ]);
    expect(await family.call('wait_agent', { chat_id: child.id })).toMatchObject({
      status: 'error',
      report: '',
      last_error: 'No money',
      last_error_kind: 'usage_limit',
      last_error_retryable: false,
      last_error_detail: 'quota',
    });
  });

  it('ends when it is stopped', async () => {
    const family = await Family.create(harness);
    const child = await family.spawn();
    const waiting = family.call('wait_agent', { chat_id: child.id });
    await family.clock.waitForSleeper('wait for a subagent');
    family.abort.abort(new Error('stopped'));
    await expect(waiting).rejects.toThrow('stopped');
  });
});
