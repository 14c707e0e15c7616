import { hashPassword, verifyPassword } from './password';

describe('passwords', () => {
  test('the right password verifies and any other does not', async () => {
    const stored = await hashPassword('correct horse');
    expect(stored).toMatch(/^scrypt\$14\$8\$5\$/);
    await expect(verifyPassword('correct horse', stored)).resolves.toBe(true);
    await expect(verifyPassword('correct horsf', stored)).resolves.toBe(false);
  });

  test('the same password makes different hashes', async () => {
    expect(await hashPassword('twice the same')).not.toBe(await hashPassword('twice the same'));
  });

  test('composed and decomposed spellings are one password', async () => {
    await expect(verifyPassword('cafe\u0301 au lait', await hashPassword('caf\u00e9 au lait'))).resolves.toBe(
      true,
    );
  });

  test('hashes of a former cost still verify', async () => {
    // RFC 7914, section 12: scrypt("pleaseletmein", "SodiumChloride", N=16384, r=8, p=1), its first 32 bytes.
    const hash = Buffer.from('7023bdcb3afd7348461c06cd81fd38ebfda8fbba904f8e3ea9b543f6545da1f2', 'hex');
    const salt = Buffer.from('SodiumChloride');
    const stored = `scrypt$14$8$1$${salt.toString('base64url')}$${hash.toString('base64url')}`;
    await expect(verifyPassword('pleaseletmein', stored)).resolves.toBe(true);
  });

  test('a user without a password, or with a hash of another scheme, cannot log in', async () => {
    await expect(verifyPassword('anything', null)).resolves.toBe(false);
    await expect(verifyPassword('anything', '$2b$12$abc')).resolves.toBe(false);
  });

  test('an unknown user costs what a known one costs', async () => {
    const stored = await hashPassword('correct horse');
    const cpuMsOf = async (hash: string | null): Promise<number> => {
      const before = process.cpuUsage();
      for (let round = 0; round < 3; round += 1) await verifyPassword('wrong', hash);
      const { user, system } = process.cpuUsage(before);
      return (user + system) / 1000;
    };
    await cpuMsOf(stored);
    const [known, unknown] = [await cpuMsOf(stored), await cpuMsOf(null)];
    expect(unknown).toBeGreaterThan(known / 3);
    expect(unknown).toBeLessThan(known * 3);
  });
});
