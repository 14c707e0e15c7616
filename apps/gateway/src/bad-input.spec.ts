/**
 * Bad input at every route. The routes are read from the server itself, so that a new one is covered at once; one that takes a body must
 * bring a good body here, whose every field is then replaced by bad values. Whatever is sent: never 5xx, and a refused field is named.
 */
import { subjects } from '@parley/contracts';
import { RouteTable } from './http/route-table';
import {
  ALWAYS_REFUSED,
  BAD_BODIES,
  BAD_CONTENT_TYPES,
  BAD_QUERIES,
  BAD_SEGMENTS,
  BAD_VALUES,
} from './testing/bad-values';
import { idOf, provision, type Provisioned } from './testing/provision';
import { startGateway, type Call, type Reply, type TestGateway } from './testing/start-gateway';
import { standInForWebpush } from './testing/webpush-stand-in';

const WITH_BODY = new Set(['POST', 'PUT', 'PATCH', 'DELETE']);
const ALL_METHODS = ['GET', 'POST', 'PUT', 'PATCH', 'DELETE', 'HEAD', 'TRACE', 'PROPFIND', 'QUERY'];

let gateway: TestGateway;
let world: Provisioned;
let parameters: Record<string, string>;
let goodBodies: Record<string, object>;

beforeAll(async () => {
  gateway = await startGateway();
  world = await provision(gateway);
  await standInForWebpush(gateway.bus);
  await gateway.bus.respond(subjects.gitDiff(), () => ({ result: 'no_token' }));
  parameters = await somethingOfEach();
  goodBodies = bodiesThatAreFine();
}, 60_000);
afterAll(() => gateway.close());

/** An existing chat, model, provider, … for each name in a path. Those that DELETE routes take away are spares. */
async function somethingOfEach(): Promise<Record<string, string>> {
  const { organizationId, member, admin, providerId } = world;
  const chat = await gateway.call('POST', '/api/v2/chats', {
    token: admin.token,
    body: { organization_id: organizationId, content: [{ type: 'text', text: 'Hi' }] },
  });
  const spareProvider = await gateway.call('POST', '/api/v2/chats/providers', {
    token: admin.token,
    body: { type: 'openai', name: 'spare' },
  });
  const spareModel = await gateway.call('POST', `/api/v2/organizations/${organizationId}/chats/models`, {
    token: admin.token,
    body: { ai_provider_id: providerId, model: 'spare', context_limit: 1000 },
  });
  const group = await gateway.call('POST', `/api/v2/organizations/${organizationId}/groups`, {
    token: admin.token,
    body: { name: 'spare' },
  });
  return {
    chat: idOf(chat.body),
    group: idOf(group.body),
    user: member.id,
    id: 'abcdefghij',
    message: '1',
    organization: organizationId,
    provider: idOf(spareProvider.body),
    model: idOf(spareModel.body),
  };
}

function bodiesThatAreFine(): Record<string, object> {
  const content = [
    { type: 'text', text: 'Hi' },
    { type: 'file-reference', file_name: 'a.ts', start_line: 1, end_line: 2, content: 'x' },
  ];
  const model = {
    model: 'm',
    display_name: 'M',
    context_limit: 1000,
    compression_threshold: 50,
    enabled: true,
  };
  const model_config = {
    max_output_tokens: 10,
    temperature: 1,
    top_p: 1,
    reasoning_effort: { default: 'low', max: 'high' },
    use_responses_api: true,
    cost: {
      input_price_per_million_tokens: '1.5',
      output_price_per_million_tokens: 2,
      cache_read_price_per_million_tokens: '0',
      cache_write_price_per_million_tokens: null,
    },
  };
  const person = { email: 'x@example.com', username: 'x', name: 'X', password: 'a password' };
  const choice = { model_config_id: world.modelId, reasoning_effort: 'low' };
  return {
    'POST /users/first': person,
    'POST /users/login': { email: 'x@example.com', password: 'a password' },
    'POST /users/logout': {},
    'POST /users': { ...person, is_admin: false },
    'POST /users/:user/keys/tokens': { token_name: 'x', lifetime: 1_000_000 },
    'DELETE /users/:user/keys/:id': {},
    'POST /users/me/session/token-to-cookie': {},
    'POST /users/:user/webpush/subscription': {
      endpoint: 'https://push.test/1',
      p256dh_key: 'k',
      auth_key: 'k',
    },
    'DELETE /users/:user/webpush/subscription': { endpoint: 'https://push.test/1' },
    'POST /users/:user/webpush/test': {},
    'PUT /users/:user/external-auth': {
      provider_origin: 'https://github.com',
      access_token: 'a',
      refresh_token: 'r',
      expires_at: '2030-01-01T00:00:00Z',
    },
    'DELETE /users/:user/external-auth': { provider_origin: 'https://github.com' },
    'PUT /chats/:chat/git-ref': { branch: 'b', remote_origin: 'https://github.com/o/r' },
    'POST /webhooks/github': {},
    'POST /organizations/:organization/groups': { name: 'n', display_name: 'N' },
    'PATCH /groups/:group': { add_users: [world.member.id], remove_users: [] },
    'DELETE /groups/:group': {},
    'PUT /chats/usage-limits': { spend_limit_micros: null, period: 'month' },
    'PUT /chats/usage-limits/overrides/:user': { spend_limit_micros: 1_000_000_000 },
    'DELETE /chats/usage-limits/overrides/:user': {},
    'PUT /chats/usage-limits/group-overrides/:group': { spend_limit_micros: 1_000_000_000 },
    'DELETE /chats/usage-limits/group-overrides/:group': {},
    'POST /chats/providers': {
      type: 'openai',
      name: 'n',
      base_url: 'http://x.test',
      api_key: 'k',
      enabled: true,
    },
    'PATCH /chats/providers/:provider': {
      name: 'spare',
      base_url: 'http://x.test',
      api_key: 'k',
      enabled: true,
    },
    'DELETE /chats/providers/:provider': {},
    'POST /organizations/:organization/chats/models': {
      ...model,
      ai_provider_id: world.providerId,
      is_default: false,
      model_config,
    },
    'PATCH /organizations/:organization/chats/models/:model': { ...model, is_default: false, model_config },
    'DELETE /organizations/:organization/chats/models/:model': {},
    'POST /chats': {
      ...choice,
      organization_id: world.organizationId,
      content,
      system_prompt: 'x',
      workspace_id: null,
      mcp_server_ids: [],
      labels: { key: 'value' },
      unsafe_dynamic_tools: [{ name: 'tool', description: 'x', input_schema: { type: 'object' } }],
      plan_mode: 'plan',
      client_type: 'ui',
    },
    'PATCH /chats/:chat': { title: 't', labels: { a: 'b' }, archived: false, pin_order: 0, plan_mode: '' },
    'POST /chats/:chat/messages': {
      ...choice,
      content,
      busy_behavior: 'queue',
      plan_mode: '',
      mcp_server_ids: [],
    },
    'PATCH /chats/:chat/messages/:message': { ...choice, content, mcp_server_ids: [] },
    'DELETE /chats/:chat/queue/:message': {},
    'POST /chats/:chat/queue/:message/promote': {},
    'POST /chats/:chat/interrupt': {},
    'POST /chats/:chat/compact': {},
    'POST /chats/:chat/clear': {},
    'POST /chats/:chat/tool-results': { results: [{ tool_call_id: 'a', output: { x: 1 }, is_error: false }] },
  };
}

interface Route {
  readonly method: string;
  readonly url: string;
  /** Without the prefix: both prefixes lead to the same handler. */
  readonly name: string;
}

function routes(): Route[] {
  const known = gateway.app.get(RouteTable).routes();
  return known.flatMap(({ url, methods }) =>
    [...methods].map((method) => ({ method, url, name: `${method} ${url.replace(/^\/api\/\w+/, '')}` })),
  );
}

const fill = (url: string, replaced: Record<string, string> = {}): string =>
  url.replace(/:(\w+)/g, (_match, name: string) => {
    const value = replaced[name] ?? parameters[name];
    if (value === undefined) throw new Error(`this spec knows nothing to put in for :${name}`);
    return value;
  });

let token = '';
/** As an administrator, whose token a route may have ended. */
async function send(method: string, url: string, call: Call = {}): Promise<Reply> {
  if (token === '') token = (await gateway.identity.createToken({ userId: world.admin.id })).token;
  const reply = await gateway.call(method, url, { token, ...call });
  if (/logout|keys/.test(url) && method !== 'GET') token = '';
  return reply;
}

/** Never a failure of the server; what is refused says why, and a bad request says where. */
function problemWith({ status, text, body }: Reply): string | null {
  if (status >= 500) return `${status} ${text} ${gateway.logs.at(-1) ?? ''}`;
  if (status < 400 || text === '') return null;
  const { message, validations = [] } = body as { message: string; validations?: { field: string }[] };
  if (typeof message !== 'string' || message === '') return `no message in ${text}`;
  const isAboutAField =
    status === 413 || status === 415 || (status === 400 && !/address|archived/.test(message));
  const isNamed = validations.length > 0 && validations.every(({ field }) => field !== '');
  return isAboutAField && !isNamed ? `no field named in ${text.slice(0, 300)}` : null;
}

/** A refusal blames the field that was spoilt, and no other. */
function wrongField({ status, body, text }: Reply, field: string): string | null {
  if (status !== 400) return null;
  const { validations = [] } = body as { validations?: { field: string }[] };
  return validations.every((one) => one.field.startsWith(field)) ? null : `blames another field: ${text}`;
}

function check(reply: Reply, what: string): void {
  const problem = problemWith(reply);
  if (problem !== null) throw new Error(`${what}: ${problem}`);
}

const mutating = () => routes().filter(({ method }) => WITH_BODY.has(method));

describe('bad input at every route', () => {
  test('every route that takes a body has a good one here', () => {
    const names = new Set(mutating().map(({ name }) => name));
    expect([...names].sort()).toEqual(Object.keys(goodBodies).sort());
  });

  test('malformed, oversized and hostile bodies are refused', async () => {
    for (const { method, url, name } of mutating()) {
      for (const [what, payload] of Object.entries(BAD_BODIES)) {
        const reply = await send(method, fill(url), { payload });
        check(reply, `${name} with ${what}`);
        const refused = ALWAYS_REFUSED[what];
        if (refused !== undefined) expect([name, what, reply.status]).toEqual([name, what, refused]);
      }
    }
  }, 120_000);

  test('every field refuses values of wrong types and contents, by its name', async () => {
    const failures: string[] = [];
    for (const { method, url, name } of mutating()) {
      if (url.startsWith('/api/experimental')) continue;
      for (const { field, body } of withOneBadField(goodBodies[name] ?? {})) {
        const reply = await send(method, fill(url), { body });
        const problem = problemWith(reply) ?? wrongField(reply, field);
        if (problem !== null) failures.push(`${name} with ${JSON.stringify(body).slice(0, 400)}: ${problem}`);
      }
    }
    expect(failures).toEqual([]);
  }, 300_000);

  test('malformed ids and paths are 400 or 404', async () => {
    for (const { method, url, name } of routes()) {
      for (const [, parameter] of url.matchAll(/:(\w+)/g)) {
        for (const segment of BAD_SEGMENTS) {
          const reply = await send(method, fill(url, { [parameter ?? '']: segment }), bodyOf(name));
          check(reply, `${name} with ${parameter ?? ''} = ${segment}`);
        }
      }
    }
  }, 120_000);

  test('malformed queries are refused by name', async () => {
    for (const { method, url, name } of routes()) {
      if (method !== 'GET' || url.startsWith('/api/experimental')) continue;
      for (const query of BAD_QUERIES) check(await send(method, fill(url) + query), `${name}${query}`);
    }
  }, 120_000);

  test('other content types are 415, and so are compressed bodies', async () => {
    for (const { method, url, name } of mutating()) {
      for (const type of BAD_CONTENT_TYPES) {
        const reply = await send(method, fill(url), { payload: '{}', headers: { 'content-type': type } });
        check(reply, `${name} as ${type}`);
        expect([name, type, reply.status]).toEqual([name, type, 415]);
      }
      const packed = await send(method, fill(url), {
        payload: '{}',
        headers: { 'content-encoding': 'gzip' },
      });
      expect([name, packed.status]).toEqual([name, 415]);
    }
  }, 60_000);

  test('other methods are 405 and list those that work; OPTIONS does too', async () => {
    for (const { url, methods } of gateway.app.get(RouteTable).routes()) {
      const path = fill(url);
      const allowed = gateway.app.get(RouteTable).methodsAt(path);
      for (const method of ALL_METHODS.filter((one) => !allowed.includes(one))) {
        const reply = await send(method, path);
        expect([method, path, reply.status]).toEqual([method, path, 405]);
        for (const known of methods) expect(reply.headers['allow']).toContain(known);
      }
      const options = await send('OPTIONS', path);
      expect([path, options.status]).toEqual([path, 204]);
      expect(options.headers['allow']).toContain('OPTIONS');
    }
  }, 60_000);

  test('without a token every route but the public ones is 401', async () => {
    const open = new Set<string>();
    for (const { method, url, name } of routes()) {
      if (!url.startsWith('/api/')) continue;
      const reply = await gateway.call(method, fill(url), bodyOf(name));
      check(reply, `${name} without a token`);
      if (reply.status !== 401 || name === 'POST /users/login') open.add(name);
    }
    expect([...open].sort()).toEqual([
      'GET /buildinfo',
      'GET /users/first',
      'HEAD /buildinfo',
      'HEAD /users/first',
      'POST /users/first',
      'POST /users/login',
      // Signed instead; without a secret there is none.
      'POST /webhooks/github',
    ]);
  }, 60_000);
});

const bodyOf = (name: string): Call => (goodBodies[name] === undefined ? {} : { body: goodBodies[name] });

/** The good body with one of its values, at any depth, replaced by each bad one. */
function* withOneBadField(body: object): Generator<{ field: string; body: object }> {
  for (const path of leafPaths(body)) {
    for (const value of BAD_VALUES) {
      const copy = structuredClone(body);
      replaceAt(copy, path, value);
      yield { field: String(path[0]), body: copy };
    }
  }
}

type Path = readonly (string | number)[];

function leafPaths(value: unknown, path: Path = []): Path[] {
  if (typeof value !== 'object' || value === null) return [path];
  const keys: (string | number)[] = Array.isArray(value)
    ? value.map((_item, index) => index)
    : Object.keys(value);
  const below = keys.flatMap((key) =>
    leafPaths((value as Record<string | number, unknown>)[key], [...path, key]),
  );
  return path.length === 0 ? below : [path, ...below];
}

function replaceAt(target: object, path: Path, value: unknown): void {
  const [key, ...rest] = path;
  const record = target as Record<string | number, unknown>;
  if (key === undefined) return;
  if (rest.length === 0) record[key] = value;
  else replaceAt(record[key] as object, rest, value);
}
