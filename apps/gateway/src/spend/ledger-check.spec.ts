/**
 * The ledger against the mock's own: a run with retries, interrupts, edits, tools, titles, labels, summaries, proposals and compaction
 * costs what the mock says it has told, to the micro. A provider tells usage at the end of an answer, and Anthropic also what it has
 * read at the start: of a broken answer that much is known, and of OpenAI's nothing, so that its cost is unknown and counted as such.
 */
import type { Chat, ChatCost, CostSummary, CostUsers, MessagesResponse } from '@parley/contracts';
import { sql } from '@parley/database';
import type { LedgerEntryJson } from '@parley/llmmock';
import { eventually } from '@parley/testing';
import { addMember, idOf, type Person } from '../testing/provision';
import { ask, SpendingSystem, type PricedModel } from './testing/spending-system';

let system: SpendingSystem;
let person: Person;
let stranger: Person;

beforeAll(async () => {
  system = await SpendingSystem.start();
  person = await addMember(system.gateway, 'payer');
  stranger = await addMember(system.gateway, 'stranger');
});
afterAll(() => system.close());

const TOOL = {
  name: 'look_up',
  description: 'Looks something up',
  input_schema: { type: 'object', properties: {} },
};
const usage = (input_tokens: number, output_tokens: number, cached_tokens = 0) => ({
  usage: { input_tokens, output_tokens, cached_tokens },
});
const slow = { reply: 'x'.repeat(400), chunk_size: 4, chunk_ms: 20 };

async function create(
  model: PricedModel,
  control: Parameters<typeof ask>[0],
  extra: object = {},
): Promise<string> {
  return idOf((await system.create(person, model, control, extra)).body);
}
const send = (chatId: string, control: Parameters<typeof ask>[0]) =>
  system.as(person, 'POST', `/chats/${chatId}/messages`, ask(control));
const editLast = async (chatId: string, control: Parameters<typeof ask>[0]) => {
  const { body } = await system.as(person, 'GET', `/chats/${chatId}/messages`);
  const last = (body as MessagesResponse).messages.find(({ role }) => role === 'user');
  const edited = await system.as(person, 'PATCH', `/chats/${chatId}/messages/${last?.id}`, ask(control));
  expect(edited.status).toBe(200);
};

/** What the calls beside a turn are answered with: its label tells that they have come to their end. */
const beside = (label: string) => ({
  structured: { title: 'A title', label, summary: 'A summary.' },
});

/** Waits until the turn has ended, and has its label. */
async function labelled(chatId: string, label: string): Promise<Chat> {
  await system.until(person, chatId, 'waiting');
  return eventually(async () => {
    const chat = (await system.as(person, 'GET', `/chats/${chatId}`)).body as Chat;
    expect(chat.last_turn_summary).toBe(label);
    return chat;
  });
}

async function propose(chatId: string): Promise<void> {
  const proposed = await system.as(person, 'POST', `/chats/${chatId}/title/propose`);
  expect(proposed).toMatchObject({ status: 200, body: { title: 'A title' } });
}

/** A chat with everything that can happen to a turn. */
async function live(model: PricedModel): Promise<string> {
  const name = (what: string) => `${model.api}-${what}`;
  const chatId = await create(model, { key: name('plain'), ...usage(1003, 77, 40), ...beside('plain') });
  await labelled(chatId, 'plain');
  await send(chatId, {
    key: name('retry'),
    ...usage(511, 33),
    fault: { kind: 'end_early', after_chunks: 2, first_attempts: 1 },
    ...beside('retried'),
  });
  await labelled(chatId, 'retried');
  await send(chatId, {
    key: name('refused'),
    ...usage(13, 1),
    fault: { kind: 'status', status: 529, retry_after_ms: 1, first_attempts: 1 },
    ...beside('refused'),
  });
  await labelled(chatId, 'refused');
  await send(chatId, { key: name('fourth'), ...usage(29, 2), ...beside('fourth') });
  await labelled(chatId, 'fourth');
  await eventually(async () => {
    const chat = (await system.as(person, 'GET', `/chats/${chatId}`)).body as Chat;
    expect(chat.summary).toBe('A summary.');
  });
  await propose(chatId);
  await send(chatId, { key: name('interrupted'), ...slow, ...usage(2001, 900) });
  await system.untilAnswering(name('interrupted'));
  expect((await system.as(person, 'POST', `/chats/${chatId}/interrupt`)).status).toBe(200);
  await system.until(person, chatId, 'waiting');
  await send(chatId, { key: name('edited away'), ...slow, ...usage(3001, 901) });
  await system.untilAnswering(name('edited away'));
  await editLast(chatId, { key: name('edited'), ...usage(17, 3), ...beside('edited') });
  await labelled(chatId, 'edited');
  const summary = { key: name('summary'), reply: 'They agreed.', ...usage(601, 43) };
  const broken = { kind: 'end_early', after_chunks: 2, first_attempts: 1 } as const;
  await editLast(chatId, {
    key: name('edited again'),
    ...usage(19, 5, 7),
    ...beside('edited again'),
    summary: { ...summary, fault: broken },
  });
  await labelled(chatId, 'edited again');
  expect((await system.as(person, 'POST', `/chats/${chatId}/compact`)).status).toBe(200);
  await system.until(person, chatId, 'waiting');
  await send(chatId, { key: name('after'), ...usage(31, 7), ...beside('after') });
  await labelled(chatId, 'after');
  return chatId;
}

/** A chat whose turn takes two calls. */
async function liveWithTools(model: PricedModel): Promise<string> {
  const control = {
    key: `${model.api}-tools`,
    tool_calls: [[{ name: 'look_up', arguments: {} }]],
    ...usage(101, 11),
    ...beside('tools'),
  };
  const chatId = await create(model, control, { unsafe_dynamic_tools: [TOOL] });
  await system.until(person, chatId, 'requires_action');
  const { body } = await system.as(person, 'GET', `/chats/${chatId}/messages`);
  const parts = (body as MessagesResponse).messages.flatMap(({ content }) => content);
  const results = parts.flatMap((part) =>
    part.type === 'tool-call' ? [{ tool_call_id: part.tool_call_id, output: 'found' }] : [],
  );
  await system.as(person, 'POST', `/chats/${chatId}/tool-results`, { results });
  await labelled(chatId, 'tools');
  return chatId;
}

interface Expected {
  micros: number;
  calls: number;
  unpriced: number;
}

const pricedModels = (): PricedModel[] => [...system.models, system.cheapModel];

/** What the mock has told its clients, priced in whole numbers, without the code under test. */
function expectedOf(entries: readonly LedgerEntryJson[]): Expected {
  const expected = { micros: 0, calls: 0, unpriced: 0 };
  for (const entry of entries) {
    // Refused: no answer, no usage, no cost.
    if (entry.status !== 200 || entry.usage === null || entry.chunks_sent === 0) continue;
    const model = pricedModels().find(({ api, model }) => api === entry.api && model === entry.model);
    if (model === undefined) throw new Error(`no model for ${entry.api} ${entry.model}`);
    expected.calls += 1;
    const { input_tokens, output_tokens, cached_tokens } = entry.usage;
    const isWhole = entry.closed_by_client_at === null && entry.fault === null;
    const isAnthropic = entry.api === 'anthropic';
    if (!isWhole && !isAnthropic) {
      expected.unpriced += 1;
      continue;
    }
    const { input, output, cacheRead } = model.prices;
    const uncached = isAnthropic ? input_tokens : input_tokens - cached_tokens;
    const sum =
      BigInt(uncached) * input +
      BigInt(isWhole ? output_tokens : 1) * output +
      BigInt(cached_tokens) * cacheRead;
    expected.micros += Number((sum + 999_999n) / 1_000_000n);
  }
  return expected;
}

test('the sum of all costs is what the mock has told, to the micro, by chat, by model and by user', async () => {
  const chats = await Promise.all(system.models.flatMap((model) => [live(model), liveWithTools(model)]));
  const entries = await eventually(async () => {
    const all = await system.ledger();
    return all.every(({ ended_at }) => ended_at !== null) ? all : false;
  });
  const expected = expectedOf(entries);
  expect(expected).toMatchObject({ calls: expect.any(Number) as number, unpriced: 2 * 4 });
  expect(entries.filter(({ fault }) => fault === 'end_early')).toHaveLength(6);
  expect(entries.filter(({ closed_by_client_at }) => closed_by_client_at !== null)).toHaveLength(6);

  const summary = await eventually(async () => {
    const { body } = await system.as(person, 'GET', '/chats/cost/me/summary');
    const found = body as CostSummary;
    expect(found.priced_message_count + found.unpriced_message_count).toBe(expected.calls);
    return found;
  });
  expect(summary).toMatchObject({
    total_cost_micros: expected.micros,
    unpriced_message_count: expected.unpriced,
    usage_limit: { is_limited: false },
  });
  const byPurpose = summary.by_purpose.reduce((total, { total_cost_micros }) => total + total_cost_micros, 0);
  expect(byPurpose).toBe(expected.micros);
  for (const model of pricedModels()) {
    const own = expectedOf(entries.filter((entry) => entry.api === model.api && entry.model === model.model));
    expect(own.calls).toBeGreaterThan(0);
    expect(summary.by_model.find(({ model_config_id }) => model_config_id === model.id)).toMatchObject({
      total_cost_micros: own.micros,
      message_count: own.calls,
    });
  }
  const costs = await Promise.all(chats.map((chatId) => system.as(person, 'GET', `/chats/${chatId}/cost`)));
  const sum = (field: keyof ChatCost) =>
    costs.reduce((total, { body }) => total + (body as ChatCost)[field], 0);
  expect(sum('total_cost_micros')).toBe(expected.micros);
  expect(sum('request_count')).toBe(expected.calls);
  expect(sum('unpriced_request_count')).toBe(expected.unpriced);
  expect(summary.by_chat.map(({ root_chat_id }) => root_chat_id).sort()).toEqual([...chats].sort());

  // Each call beside the turns is there under its purpose: the mock tells them by the JSON they ask for.
  const rows = await system.gateway.testDatabase.database.query<{ purpose: string; calls: number }>(
    COUNT_BY_PURPOSE,
    [chats],
  );
  const [each, both] = [system.models.length, chats.length];
  expect(Object.fromEntries(rows.map(({ purpose, calls }) => [purpose, calls]))).toEqual({
    // The attempt that broke off, the interrupted turn, and the one that was edited away.
    turn: 3 * each,
    title: both,
    label: 7 * each + each,
    summary: each,
    proposal: each,
    // The first attempt broke off.
    compaction: 2 * each,
  });
  const structured = entries.filter(({ purpose }) => purpose === 'structured');
  expect(structured).toHaveLength(both + 8 * each + each + each);
});

const COUNT_BY_PURPOSE = sql(
  'count_by_purpose_for_ledger_check',
  'select purpose, count(*)::int as calls from chat_model_calls where chat_id = any($1) group by purpose',
);

test('others see neither', async () => {
  const [chat] = (await system.as(person, 'GET', '/chats')).body as { id: string }[];
  expect((await system.as(stranger, 'GET', `/chats/${chat?.id}/cost`)).status).toBe(404);
  expect((await system.as(stranger, 'GET', '/chats/cost/payer/summary')).status).toBe(404);
  expect((await system.as(stranger, 'GET', '/chats/cost/users')).status).toBe(403);
  const mine = await system.as(person, 'GET', '/chats/cost/me/summary');
  const users = await system.as(system.world.admin, 'GET', '/chats/cost/users?username=PAY');
  expect(users.body as CostUsers).toMatchObject({
    count: 1,
    users: [
      { username: 'payer', total_cost_micros: (mine.body as CostSummary).total_cost_micros, chat_count: 6 },
    ],
  });
  const page = await system.as(system.world.admin, 'GET', '/chats/cost/users?limit=1&offset=1');
  expect(page.body).toMatchObject({ count: 1, users: [] });
  const none = await system.as(person, 'GET', '/chats/cost/me/summary?end_date=2020-01-01T00:00:00Z');
  expect(none.body).toMatchObject({ total_cost_micros: 0, by_model: [], by_chat: [] });
});

test('20 concurrent turns at a limit with room for one: at most one goes beyond it', async () => {
  const payer = await addMember(system.gateway, 'limited');
  const [model] = system.models;
  if (model === undefined) throw new Error('no model');
  // Long enough that all are asked for while the first one runs.
  const control = { ...usage(1000, 100), chunk_count: 20, chunk_ms: 200 };
  const first = idOf((await system.create(payer, model, control)).body);
  await system.until(payer, first, 'waiting');
  const cost = await eventually(async () => {
    const { body } = await system.as(payer, 'GET', `/chats/${first}/cost`);
    return (body as ChatCost).request_count === 3 ? (body as ChatCost).total_cost_micros : false;
  });
  // The title and the label of the first turn are paid for, too.
  const limit = 2 * cost;
  await system.as(system.world.admin, 'PUT', '/chats/usage-limits', {
    spend_limit_micros: limit,
    period: 'month',
  });
  const replies = await Promise.all(Array.from({ length: 20 }, () => system.create(payer, model, control)));
  const accepted = replies.filter(({ status }) => status === 201);
  expect(accepted).toHaveLength(1);
  expect(replies.filter(({ status }) => status === 409)).toHaveLength(19);
  await system.until(payer, idOf(accepted[0]?.body), 'waiting');
  const { body } = await system.as(payer, 'GET', '/chats/usage-limits/status');
  expect((body as { current_spend: number }).current_spend).toBeLessThanOrEqual(limit);
});
