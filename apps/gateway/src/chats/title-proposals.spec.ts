import { once } from 'node:events';
import { request } from 'node:http';
import type { AddressInfo } from 'node:net';
import {
  subjects,
  type ChatCost,
  type TitleProposalDropped,
  type TitleProposalReply,
  type TitleProposalRequest,
} from '@parley/contracts';
import { sql } from '@parley/database';
import { eventually } from '@parley/testing';
import { ask, SpendingSystem } from '../spend/testing/spending-system';
import { addMember, idOf, provision, type Person, type Provisioned } from '../testing/provision';
import { startGateway, type Reply, type TestGateway } from '../testing/start-gateway';

describe('A proposal of a title', () => {
  let gateway: TestGateway;
  let world: Provisioned;
  let chatId: string;
  let answer: (request: TitleProposalRequest) => TitleProposalReply | Promise<TitleProposalReply>;
  const asked: TitleProposalRequest[] = [];
  const dropped: TitleProposalDropped[] = [];

  const propose = (person: Person, chat = chatId): Promise<Reply> =>
    gateway.call('POST', `/api/v2/chats/${chat}/title/propose`, { token: person.token });
  const create = async (content: readonly object[]): Promise<string> => {
    const body = { organization_id: world.organizationId, content };
    return idOf((await gateway.call('POST', '/api/v2/chats', { token: world.member.token, body })).body);
  };

  beforeAll(async () => {
    gateway = await startGateway();
    world = await provision(gateway);
    chatId = await create([{ type: 'text', text: 'Why does the build fail?' }]);
    await gateway.bus.subscribe(subjects.titleProposalDropped(), (event) => void dropped.push(event));
  });
  beforeEach(() => {
    answer = () => ({ result: 'title', title: 'Failing build' });
    asked.length = 0;
    dropped.length = 0;
  });
  afterAll(() => gateway.close());

  it('is 503 while no worker runs', async () => {
    const reply = await propose(world.member);
    expect(reply).toMatchObject({ status: 503, headers: { 'retry-after': '1' } });
  });

  describe('with a worker', () => {
    beforeAll(() =>
      gateway.bus.respond(subjects.titlePropose(), (request) => {
        asked.push(request);
        return answer(request);
      }),
    );

    it('is made of what was said, and not stored', async () => {
      expect(await propose(world.member)).toMatchObject({ status: 200, body: { title: 'Failing build' } });
      expect(asked).toMatchObject([
        {
          chat_id: chatId,
          organization_id: world.organizationId,
          owner_id: world.member.id,
          model_config_id: world.modelId,
          conversation: 'User: Why does the build fail?',
        },
      ]);
      const { body } = await gateway.call('GET', `/api/v2/chats/${chatId}`, { token: world.member.token });
      expect(body).toMatchObject({ title: 'Why does the build fail?' });
    });

    it('is for the owner alone: 403 to an administrator, 404 to who may not see the chat', async () => {
      const stranger = await addMember(gateway, 'stranger');
      expect((await propose(world.admin)).status).toBe(403);
      expect((await propose(stranger)).status).toBe(404);
      expect((await propose(world.member, 'a16f4c1e-0000-4000-8000-000000000000')).status).toBe(404);
      expect(asked).toEqual([]);
    });

    it('names pasted files when there is no other text, and is 409 when there is none at all', async () => {
      const pasted = await insertChat([
        { type: 'file', media_type: 'text/plain', data: Buffer.from('a log').toString('base64') },
      ]);
      expect((await propose(world.member, pasted)).status).toBe(200);
      expect(asked).toMatchObject([{ conversation: 'a log' }]);
      const image = await insertChat([{ type: 'file', media_type: 'image/png', data: 'AAAA' }]);
      expect(await propose(world.member, image)).toMatchObject({
        status: 409,
        body: { message: expect.stringContaining('no text') as string },
      });
    });

    it.each<[number, TitleProposalReply]>([
      [504, { result: 'timeout' }],
      [502, { result: 'unusable' }],
      [503, { result: 'busy' }],
      [499, { result: 'dropped' }],
      [409, { result: 'failed', kind: 'config', message: 'Choose another model.' }],
      [409, { result: 'failed', kind: 'missing_key', message: 'There is no key.' }],
      [502, { result: 'failed', kind: 'auth', message: 'The key was refused.', detail: 'bad key' }],
      [502, { result: 'failed', kind: 'rate_limit', message: 'Too many requests.' }],
      [504, { result: 'failed', kind: 'timeout', message: 'The connection failed.' }],
    ])('is %d when the worker says %j', async (status, reply) => {
      answer = () => reply;
      const { message, detail } = { message: undefined, detail: undefined, ...reply };
      expect(await propose(world.member)).toMatchObject({
        status,
        body: { message: message ?? (expect.any(String) as string), ...(detail !== undefined && { detail }) },
      });
    });

    it('is dropped when the client goes away, and only then', async () => {
      await gateway.app.listen(0, '127.0.0.1');
      const { port } = gateway.app.getHttpServer().address() as AddressInfo;
      let settle: (reply: TitleProposalReply) => void = () => undefined;
      answer = () => new Promise((resolve) => (settle = resolve));
      const path = `/api/v2/chats/${chatId}/title/propose`;
      const headers = { 'coder-session-token': world.member.token };
      const call = request({ host: '127.0.0.1', port, path, method: 'POST', headers });
      call.on('error', () => undefined);
      call.end();
      await eventually(() => expect(asked).toHaveLength(1));
      expect(dropped).toEqual([]);
      call.destroy();
      await eventually(() => expect(dropped).toEqual([{ proposal_id: asked[0]?.proposal_id }]));
      settle({ result: 'dropped' });

      answer = () => ({ result: 'title', title: 'Here' });
      const patient = request({ host: '127.0.0.1', port, path, method: 'POST', headers });
      patient.end();
      const [response] = (await once(patient, 'response')) as [{ statusCode: number; resume(): void }];
      response.resume();
      expect(response.statusCode).toBe(200);
      await once(patient, 'close');
      expect(dropped).toHaveLength(1);
    });
  });

  const insertFirst = sql(
    'replace_content_for_title_test',
    'update chat_messages set content = $2 where chat_id = $1 and role = $3',
  );

  /** A chat whose first message has parts that the API does not take yet. */
  async function insertChat(content: readonly object[]): Promise<string> {
    const id = await create([{ type: 'text', text: 'x' }]);
    await gateway.testDatabase.database.query(insertFirst, [id, JSON.stringify(content), 'user']);
    return id;
  }
});

describe('What a proposal costs', () => {
  let system: SpendingSystem;
  beforeAll(async () => {
    system = await SpendingSystem.start({ CHAT_TURN_LABELS: 'none' });
  });
  afterAll(() => system.close());

  it('is in the ledger before the reply, and at the limit there is none', async () => {
    const { gateway, models, world } = system;
    const payer = await addMember(gateway, 'payer');
    const model = models.find(({ api }) => api === 'anthropic');
    if (model === undefined) throw new Error('no model');
    const proposing = ask({ reply: 'Done.', structured: { title: 'A fine title' } });
    const chatId = idOf((await system.create(payer, model, { reply: 'Hello.' })).body);
    await system.until(payer, chatId, 'waiting');
    await system.as(payer, 'POST', `/chats/${chatId}/messages`, proposing);
    await system.until(payer, chatId, 'waiting');
    const costOf = async () => (await system.as(payer, 'GET', `/chats/${chatId}/cost`)).body as ChatCost;
    // Two turns, and the title that comes beside them.
    const before = await eventually(async () => {
      const cost = await costOf();
      expect(cost.request_count).toBe(3);
      return cost;
    });
    const proposed = await system.as(payer, 'POST', `/chats/${chatId}/title/propose`);
    expect(proposed).toMatchObject({ status: 200, body: { title: 'A fine title' } });
    const after = await costOf();
    expect(after.request_count).toBe(before.request_count + 1);
    expect(after.total_cost_micros).toBeGreaterThan(before.total_cost_micros);

    const limits = { spend_limit_micros: after.total_cost_micros, period: 'month' };
    await system.as(world.admin, 'PUT', '/chats/usage-limits', limits);
    expect(await system.as(payer, 'POST', `/chats/${chatId}/title/propose`)).toMatchObject({
      status: 409,
      body: { spent_micros: after.total_cost_micros, limit_micros: after.total_cost_micros },
    });
    expect(await costOf()).toEqual(after);
  });
});
