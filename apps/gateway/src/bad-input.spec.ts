/**
 * Bad input at every route. The routes are read from the server itself, so that a new one is covered at once; one that takes a body must
 * bring a good one in testing/good-bodies.ts, whose every field is then replaced by bad values. Whatever is sent: never 5xx, and a
 * refused field is named.
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
import { goodBodiesOf, NOBODY_LISTENS } from './testing/good-bodies';
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
  await gateway.bus.respond(subjects.titlePropose(), () => ({ result: 'title' as const, title: 'T' }));
  await gateway.bus.respond(subjects.gitDiff(), () => ({ result: 'no_token' }));
  parameters = await somethingOfEach();
  goodBodies = goodBodiesOf(world);
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
    // Of a type that has no address of its own: nothing leaves this machine.
    body: { type: 'openai-compat', name: 'spare', base_url: NOBODY_LISTENS },
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
    context: 'general',
    organization: organizationId,
    provider: idOf(spareProvider.body),
    model: idOf(spareModel.body),
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

/** A refusal blames the field that was spoilt, and no other; what is so already is no fault of the body's form. */
function wrongField({ status, body, text }: Reply, field: string): string | null {
  if (status !== 400) return null;
  const { validations = [] } = body as { validations?: { field: string; detail: string }[] };
  const isRight = validations.every((one) => one.field.startsWith(field) || one.detail.endsWith(' already'));
  return isRight ? null : `blames another field: ${text}`;
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
