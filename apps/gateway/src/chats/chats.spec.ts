import type { Chat, CreateMessageResponse, MessagesResponse } from '@parley/contracts';
import { sql } from '@parley/database';
import { addMember, idOf, provision, type Person, type Provisioned } from '../testing/provision';
import { startGateway, type TestGateway } from '../testing/start-gateway';

let gateway: TestGateway;
let world: Provisioned;
let other: Person;
const chats = '/api/v2/chats';
const NOBODY = '00000000-0000-4000-8000-000000000001';

beforeAll(async () => {
  gateway = await startGateway();
  world = await provision(gateway);
  other = await addMember(gateway, 'other');
});
afterAll(() => gateway.close());

const say = (text: string) => ({ content: [{ type: 'text', text }] });
const as = (person: Person, method: string, url: string, body?: unknown) =>
  gateway.call(method, url, { token: person.token, body });
const create = (fields: object = {}) =>
  as(world.member, 'POST', chats, {
    organization_id: world.organizationId,
    ...say('Hello there, who are you?'),
    ...fields,
  });
const newChat = async (fields: object = {}): Promise<string> => idOf((await create(fields)).body);
const fieldsOf = (body: unknown) =>
  ((body as { validations?: { field: string }[] }).validations ?? []).map(({ field }) => field);

describe('creating a chat', () => {
  test('it runs with the default model, a fallback title and the first message', async () => {
    const reply = await create({ labels: { env: 'test' }, reasoning_effort: 'low', plan_mode: 'plan' });
    expect(reply.status).toBe(201);
    expect(reply.text).toMatch(/^\{"id":"/);
    expect(reply.body).toMatchObject({
      owner_id: world.member.id,
      owner_username: 'member',
      organization_id: world.organizationId,
      last_model_config_id: world.modelId,
      last_reasoning_effort: 'low',
      title: 'Hello there, who are you?',
      status: 'running',
      plan_mode: 'plan',
      labels: { env: 'test' },
      client_type: 'api',
      children: [],
    });
    const read = await as(world.member, 'GET', `${chats}/${idOf(reply.body)}`);
    expect(read.body).toMatchObject({ id: idOf(reply.body), status: 'running' });
  });

  test('the system prompt is stored for the model and hidden from people', async () => {
    const id = await newChat({ system_prompt: 'Answer in rhymes.' });
    const { messages } = (await as(world.member, 'GET', `${chats}/${id}/messages`)).body as MessagesResponse;
    expect(messages.map(({ role }) => role)).toEqual(['user']);
  });

  test.each([
    ['organization_id', { organization_id: 'x' }],
    ['content', { content: [] }],
    ['content[0].text', { content: [{ type: 'text', text: ' \n' }] }],
    ['content[0].text', { content: [{ type: 'text', text: '\ud800' }] }],
    ['content[0].type', { content: [{ type: 'hook-context', text: 'x' }] }],
    ['content[0].file_id', { content: [{ type: 'file', file_id: NOBODY }] }],
    ['workspace_id', { workspace_id: NOBODY }],
    ['mcp_server_ids[0]', { mcp_server_ids: [NOBODY] }],
    ['model_config_id', { model_config_id: NOBODY }],
    ['model_config_id', { model_config_id: '00000000-0000-0000-0000-000000000000' }],
    ['reasoning_effort', { reasoning_effort: 'huge' }],
    ['unsafe_dynamic_tools[1].name', { unsafe_dynamic_tools: [{ name: 'a' }, { name: 'a' }] }],
    ['unsafe_dynamic_tools[0].name', { unsafe_dynamic_tools: [{ name: ' spawn_agent' }] }],
    ['unsafe_dynamic_tools[0].name', { unsafe_dynamic_tools: [{ name: 'look up' }] }],
    ['unsafe_dynamic_tools[0].name', { unsafe_dynamic_tools: [{ name: 'x'.repeat(65) }] }],
    ['system_prompt', { system_prompt: 'x'.repeat(10_001) }],
    ['client_type', { client_type: 'fax' }],
    ['labels.a b', { labels: { 'a b': 'x' } }],
  ])('400 names %s', async (field, fields) => {
    const reply = await create(fields);
    expect(reply.status).toBe(400);
    expect(fieldsOf(reply.body)).toEqual([field]);
  });

  test('a stranger to the organization is refused', async () => {
    expect((await create({ organization_id: NOBODY })).status).toBe(403);
  });

  test('text with NUL comes back as it was sent', async () => {
    const id = await newChat(say('a\u0000b \uE000'));
    const { messages } = (await as(world.member, 'GET', `${chats}/${id}/messages`)).body as MessagesResponse;
    expect(messages[0]?.content).toEqual([{ type: 'text', text: 'a\u0000b \uE000' }]);
  });
});

describe('who may see and drive a chat', () => {
  test('others find nothing; an administrator reads but does not send', async () => {
    const id = await newChat();
    for (const [method, url, body] of [
      ['GET', `${chats}/${id}`, undefined],
      ['GET', `${chats}/${id}/messages`, undefined],
      ['POST', `${chats}/${id}/messages`, say('x')],
      ['POST', `${chats}/${id}/interrupt`, {}],
      ['PATCH', `${chats}/${id}`, { title: 'Mine now' }],
    ] as const) {
      expect((await as(other, method, url, body)).status).toBe(404);
    }
    expect((await as(world.admin, 'GET', `${chats}/${id}`)).status).toBe(200);
    expect((await as(world.admin, 'POST', `${chats}/${id}/messages`, say('x'))).status).toBe(403);
    expect((await as(world.admin, 'POST', `${chats}/${NOBODY}/messages`, say('x'))).status).toBe(404);
  });

  test('lists hold only own chats, and page by after_id', async () => {
    const mine = await addMember(gateway, 'lister');
    const body = { organization_id: world.organizationId, ...say('One') };
    const ids = [];
    for (let index = 0; index < 3; index += 1) ids.unshift(idOf((await as(mine, 'POST', chats, body)).body));
    const list = async (query: string) =>
      ((await as(mine, 'GET', `${chats}${query}`)).body as Chat[]).map(({ id }) => id);
    expect(await list('')).toEqual(ids);
    expect(await list(`?limit=2&after_id=${ids[0] ?? ''}`)).toEqual(ids.slice(1));
    expect(await list('?q=archived:true')).toEqual([]);
    expect(await list('?q=title:"one"')).toEqual(ids);
    expect(await list('?q=search:"one ones" source:created_by_me')).toEqual(ids);
    expect(await list('?q=search:the')).toEqual([]);
    expect(await list('?q=pr_status:open')).toEqual([]);
    expect(await list('?label=a:1&label=b:2')).toEqual([]);
    for (const query of [
      '?q=search:a title:b',
      '?q=bare',
      '?q=title:',
      '?q=archived:maybe',
      '?q=owner:me',
      '?q=a&q=b',
      '?q=%00',
    ]) {
      const reply = await as(mine, 'GET', chats + query);
      expect([reply.status, ...fieldsOf(reply.body)]).toEqual([400, 'q']);
    }
    expect((await as(mine, 'GET', `${chats}?after_id=${NOBODY}`)).status).toBe(400);
    expect((await as(mine, 'GET', `${chats}?label=novalue`)).body).toMatchObject({
      validations: [{ field: 'label[0]', detail: 'must be key:value' }],
    });
  });

  test('old literal sub-paths are 404, a mistyped id is 400 naming it', async () => {
    for (const path of ['model-configs', 'model-overrides', 'config']) {
      expect((await as(world.member, 'GET', `${chats}/${path}`)).status).toBe(404);
    }
    const reply = await as(world.member, 'GET', `${chats}/1234`);
    expect([reply.status, ...fieldsOf(reply.body)]).toEqual([400, 'chat']);
  });

  test('a chat names its owner wherever the owner reads it', async () => {
    const owner = { owner_id: world.member.id, owner_username: 'member' };
    const created = await create();
    expect(created.body).toMatchObject(owner);
    expect((await as(world.member, 'GET', `${chats}/${idOf(created.body)}`)).body).toMatchObject(owner);
    expect((await as(world.member, 'GET', `${chats}?limit=1`)).body).toMatchObject([owner]);
  });

  test('chat routes answer under the experimental prefix too', async () => {
    expect((await as(world.member, 'GET', '/api/experimental/chats')).status).toBe(200);
  });
});

describe('messages', () => {
  test('a message to a running chat is queued, and shown with the first page only', async () => {
    const id = await newChat();
    const sent = await as(world.member, 'POST', `${chats}/${id}/messages`, say('And then?'));
    expect(sent.status).toBe(200);
    expect(sent.body).toMatchObject({ queued: true, queued_message: say('And then?') });
    expect((sent.body as CreateMessageResponse).message).toBeUndefined();
    const first = (await as(world.member, 'GET', `${chats}/${id}/messages`)).body as MessagesResponse;
    expect(first.queued_messages).toHaveLength(1);
    expect(first.has_more).toBe(false);
    const oldest = first.messages.at(-1)?.id ?? 0;
    const later = (await as(world.member, 'GET', `${chats}/${id}/messages?after_id=${oldest}`))
      .body as MessagesResponse;
    expect(later).toEqual({ messages: [], queued_messages: [], has_more: false });
  });

  test('the 21st queued message is refused with 429', async () => {
    const id = await newChat();
    const send = () => as(world.member, 'POST', `${chats}/${id}/messages`, say('more'));
    for (let index = 0; index < 20; index += 1) expect((await send()).status).toBe(200);
    expect((await send()).status).toBe(429);
  });

  test('a plain message costs one statement, and so does an authentication that is remembered', async () => {
    const id = await newChat();
    await as(world.member, 'POST', `${chats}/${id}/messages`, say('warm'));
    const before = total(gateway.testDatabase.database.statementCounts());
    await as(world.member, 'POST', `${chats}/${id}/messages`, say('one'));
    expect(total(gateway.testDatabase.database.statementCounts()) - before).toBe(1);
    await as(world.member, 'POST', `${chats}/${id}/messages`, {
      ...say('two'),
      model_config_id: world.modelId,
    });
    expect(total(gateway.testDatabase.database.statementCounts()) - before).toBe(2);
  });

  test('pages are bounded and their cursors checked', async () => {
    const id = await newChat();
    for (const [query, field] of [
      ['limit=0', 'limit'],
      ['limit=201', 'limit'],
      ['limit=1&limit=2', 'limit'],
      ['after_id=5&before_id=5', 'after_id'],
      ['before_id=-1', 'before_id'],
    ] as const) {
      const reply = await as(world.member, 'GET', `${chats}/${id}/messages?${query}`);
      expect([reply.status, ...fieldsOf(reply.body)]).toEqual([400, field]);
    }
  });

  test('an interrupt stops the turn, and a second one changes nothing more', async () => {
    const id = await newChat();
    const stopped = await as(world.member, 'POST', `${chats}/${id}/interrupt`);
    expect(stopped).toMatchObject({ status: 200, body: { status: 'interrupting' } });
    expect((await as(world.member, 'POST', `${chats}/${id}/interrupt`)).status).toBe(409);
  });

  test('results for a chat that waits for none are 409', async () => {
    const id = await newChat();
    const body = { results: [{ tool_call_id: 'a', output: {} }] };
    expect((await as(world.member, 'POST', `${chats}/${id}/tool-results`, body)).status).toBe(409);
    const twice = { results: [...body.results, ...body.results] };
    const reply = await as(world.member, 'POST', `${chats}/${id}/tool-results`, twice);
    expect([reply.status, ...fieldsOf(reply.body)]).toEqual([400, 'results[1].tool_call_id']);
  });
});

describe('changing a chat', () => {
  const patch = (id: string, body: object) => as(world.member, 'PATCH', `${chats}/${id}`, body);
  const read = async (id: string) => (await as(world.member, 'GET', `${chats}/${id}`)).body;

  test('a body whose archiving is refused changes nothing', async () => {
    const id = await newChat();
    expect((await patch(id, { archived: true, title: 'Half done', labels: { a: 'b' } })).status).toBe(409);
    expect(await read(id)).toMatchObject({ title: 'Hello there, who are you?', labels: {} });
  });

  test('archiving goes with names but no pin, and taking a chat back with both', async () => {
    const id = await newChat();
    const rest = sql('rest_chat_test', `update chats set status = 'waiting' where id = $1`);
    await gateway.testDatabase.database.query(rest, [id]);
    const pinned = await patch(id, { archived: true, pin_order: 1 });
    expect([pinned.status, ...fieldsOf(pinned.body)]).toEqual([400, 'pin_order']);
    expect(await read(id)).toMatchObject({ archived: false });
    expect((await patch(id, { archived: true, pin_order: 0, title: 'Away' })).status).toBe(204);
    expect(await read(id)).toMatchObject({ archived: true, title: 'Away' });
    expect((await patch(id, { archived: false, pin_order: 1, title: 'Back' })).status).toBe(204);
    expect(await read(id)).toMatchObject({ archived: false, pin_order: 1, title: 'Back' });
  });
});

describe('streams', () => {
  test('they are handed to the forwarder once the asker is known, and never by HEAD', async () => {
    const id = await newChat();
    const url = `${chats}/${id}/stream?after_id=1`;
    expect(await as(world.member, 'GET', url)).toMatchObject({
      status: 299,
      body: { message: `stream ${url}` },
    });
    expect((await gateway.call('GET', url)).status).toBe(401);
    expect((await as(world.member, 'HEAD', url)).status).toBe(405);
  });
});

const total = (counts: ReadonlyMap<string, number>): number =>
  [...counts.values()].reduce((sum, count) => sum + count, 0);
