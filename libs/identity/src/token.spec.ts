import { hashSecret, newToken, parseToken, secretMatches } from './token';

describe('tokens', () => {
  test('a new token has the published format and parses into its halves', () => {
    const { token, id, secret } = newToken();
    expect(token).toMatch(/^[A-Za-z0-9]{10}-[A-Za-z0-9]{22}$/);
    expect(parseToken(token)).toEqual({ id, secret });
  });

  test('no two of a thousand tokens share an id or a secret', () => {
    const tokens = Array.from({ length: 1000 }, newToken);
    expect(new Set(tokens.map(({ id }) => id)).size).toBe(1000);
    expect(new Set(tokens.map(({ secret }) => secret)).size).toBe(1000);
  });

  test.each([
    ['', 'nothing'],
    ['abc', 'no separator'],
    ['abcdefghij-short', 'a short secret'],
    [`abcdefghi-${'s'.repeat(22)}`, 'a short id'],
    [`abcdefghij-${'s'.repeat(129)}`, 'an endless secret'],
    [`abcdefgh\u0000j-${'s'.repeat(22)}`, 'a NUL'],
    [`abcdefghij-${'s'.repeat(22)}\n`, 'a line break'],
  ])('%j is not a token: %s', (text) => {
    expect(parseToken(text)).toBeNull();
  });

  test('only the very secret matches its hash', () => {
    const { secret, hashedSecret } = newToken();
    expect(secretMatches(secret, hashedSecret)).toBe(true);
    expect(secretMatches(`${secret}x`, hashedSecret)).toBe(false);
    expect(secretMatches(secret, Buffer.alloc(3))).toBe(false);
    expect(hashSecret('abc').toString('hex')).toBe(
      'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad',
    );
  });
});
