import { addMember } from '../testing/provision';
import { startGateway, type TestGateway } from '../testing/start-gateway';

const ANN = { email: 'ann@example.com', username: 'ann', name: 'Ann', password: 'a fine password' };

let gateway: TestGateway;
let token: string;
beforeAll(async () => {
  gateway = await startGateway();
});
afterAll(() => gateway.close());

describe('users over HTTP', () => {
  test('a new deployment says so, takes one first user, and then no other', async () => {
    const { call } = gateway;
    expect((await call('GET', '/api/v2/users/first')).status).toBe(404);
    const first = await call('POST', '/api/v2/users/first', { body: ANN });
    expect(first.status).toBe(201);
    expect(Object.keys(first.body as object)).toEqual(['user_id', 'organization_id']);
    expect((await call('GET', '/api/v2/users/first')).status).toBe(200);
    const second = await call('POST', '/api/v2/users/first', { body: { ...ANN, email: 'b@example.com' } });
    expect(second.status).toBe(409);
    expect(second.text).toContain('already');
  });

  test('a login gives a token that all three places of a request accept, and a wrong one 401', async () => {
    const { call } = gateway;
    const login = await call('POST', '/api/v2/users/login', {
      body: { email: ANN.email, password: ANN.password },
    });
    expect(login.status).toBe(201);
    token = (login.body as { session_token: string }).session_token;
    expect(token).toMatch(/^\w{10}-\w{22}$/);
    for (const headers of [
      { 'coder-session-token': token },
      { authorization: `Bearer ${token}` },
      { cookie: `other=1; coder_session_token=${token}` },
    ]) {
      expect(await call('GET', '/api/v2/users/me', { headers })).toMatchObject({
        status: 200,
        body: { username: 'ann', email: ANN.email, is_admin: true },
      });
    }
    const inUrl = await call('GET', `/api/v2/users/me?coder_session_token=${token}`);
    expect(inUrl.status).toBe(401);
    expect(inUrl.headers['www-authenticate']).toBe('Bearer');
    const wrong = await call('POST', '/api/v2/users/login', {
      body: { email: ANN.email, password: 'wrong' },
    });
    expect(wrong).toMatchObject({ status: 401, body: { message: 'Incorrect email or password.' } });
    expect((await call('GET', '/api/v2/users/me', { token: 'x' })).status).toBe(401);
  });

  test('a cookie changes something only when our own pages sent it', async () => {
    const { call } = gateway;
    const post = (headers: Record<string, string>) =>
      call('POST', '/api/v2/users/me/keys/tokens', {
        body: {},
        headers: { cookie: `coder_session_token=${token}`, host: 'parley.test', ...headers },
      });
    expect((await post({ 'sec-fetch-site': 'same-origin' })).status).toBe(201);
    expect((await post({ origin: 'http://parley.test' })).status).toBe(201);
    expect((await post({ 'sec-fetch-site': 'cross-site', origin: 'http://parley.test' })).status).toBe(403);
    expect((await post({ origin: 'http://evil.test' })).status).toBe(403);
    expect((await post({ origin: 'null' })).status).toBe(403);
    expect((await post({})).status).toBe(403);
  });

  test('tokens are made, listed without secrets, and revoked; sessions become cookies and end', async () => {
    const { call } = gateway;
    const made = await call('POST', '/api/v2/users/me/keys/tokens', {
      token,
      body: { token_name: 'ci', lifetime: 3600e9 },
    });
    const key = (made.body as { key: string }).key;
    const list = await call('GET', '/api/v2/users/me/keys/tokens', { token: key });
    const listed = (list.body as { id: string }[]).find(({ id }) => id === key.slice(0, 10));
    expect(listed).toMatchObject({ token_name: 'ci', lifetime_seconds: 3600 });
    expect(list.text).not.toContain(key.slice(11));
    const cookie = await call('POST', '/api/v2/users/me/session/token-to-cookie', { token: key });
    expect(cookie.status).toBe(204);
    expect(cookie.headers['set-cookie']).toMatch(
      new RegExp(`^coder_session_token=${key}; Path=/; HttpOnly; SameSite=Lax; Max-Age=`),
    );
    expect((await call('DELETE', `/api/v2/users/me/keys/${key.slice(0, 10)}`, { token: key })).status).toBe(
      204,
    );
    expect((await call('GET', '/api/v2/users/me', { token: key })).status).toBe(401);
    expect((await call('DELETE', `/api/v2/users/me/keys/${key.slice(0, 10)}`, { token })).status).toBe(404);
  });

  test('administrators create and see users; members see themselves only', async () => {
    const { call } = gateway;
    const bob = { email: 'bob@example.com', username: 'bob', password: 'bobs password' };
    const made = await call('POST', '/api/v2/users', { token, body: bob });
    expect(made).toMatchObject({ status: 201, body: { username: 'bob', is_admin: false } });
    const again = await call('POST', '/api/v2/users', { token, body: { ...bob, username: 'bob2' } });
    expect(again).toMatchObject({ status: 409, body: { validations: [{ field: 'email' }] } });
    const carol = await addMember(gateway, 'carol');
    expect((await call('POST', '/api/v2/users', { token: carol.token, body: bob })).status).toBe(403);
    expect(await call('GET', `/api/v2/users/${carol.id}`, { token })).toMatchObject({
      body: { username: 'carol' },
    });
    expect(await call('GET', '/api/v2/users/CAROL', { token: carol.token })).toMatchObject({ status: 200 });
    for (const other of ['ann', 'bob', 'nobody', '%00', 'a%2Fb', '00000000-0000-4000-8000-000000000000']) {
      expect((await call('GET', `/api/v2/users/${other}`, { token: carol.token })).status).toBe(404);
      expect((await call('GET', `/api/v2/users/${other}/keys/tokens`, { token: carol.token })).status).toBe(
        404,
      );
    }
  });

  test('a member sees the organizations they are in', async () => {
    const { call } = gateway;
    const dave = await addMember(gateway, 'dave');
    for (const url of ['/api/v2/organizations', '/api/v2/users/me/organizations']) {
      expect(await call('GET', url, { token: dave.token })).toMatchObject({
        status: 200,
        body: [{ name: 'default', is_default: true }],
      });
    }
  });

  test('after logging out the session is gone', async () => {
    const { call } = gateway;
    const out = await call('POST', '/api/v2/users/logout', { token });
    expect(out.status).toBe(200);
    expect(out.headers['set-cookie']).toMatch(/^coder_session_token=; .*Max-Age=0$/);
    expect((await call('GET', '/api/v2/users/me', { token })).status).toBe(401);
  });
});

describe('rate limits', () => {
  test('a user, and an address that tries to log in, are told to wait', async () => {
    const limited = await startGateway({ settings: { apiRateLimit: 3, loginRateLimit: 2 } });
    try {
      const login = () =>
        limited.call('POST', '/api/v2/users/login', { body: { email: 'x', password: 'y' } });
      expect([(await login()).status, (await login()).status]).toEqual([401, 401]);
      const third = await login();
      expect(third.status).toBe(429);
      expect(Number(third.headers['retry-after'])).toBeGreaterThan(0);
      const { userId } = await limited.identity.createFirstUser(ANN);
      const { token: one } = await limited.identity.createToken({ userId });
      const me = async () => (await limited.call('GET', '/api/v2/users/me', { token: one })).status;
      expect([await me(), await me(), await me(), await me()]).toEqual([200, 200, 200, 429]);
    } finally {
      await limited.close();
    }
  });
});
