import { randomBytes } from 'node:crypto';
import { EncryptionKeyError, SecretUnreadableError } from './errors';
import { PROVIDER_KEY_CONTEXT, SecretBox } from './secret-box';

const [older, newer] = [randomBytes(32), randomBytes(32)];
const context = PROVIDER_KEY_CONTEXT;

describe('secret box', () => {
  test('a secret comes back as it was, and no two ciphertexts are alike', () => {
    const box = SecretBox.fromKeys([newer]);
    const secret = 'sk-ключ-\u0000-🔑';
    const first = box.seal(secret, context);
    const second = box.seal(secret, context);
    expect(first.ciphertext.equals(second.ciphertext)).toBe(false);
    expect(first.ciphertext.includes('sk-')).toBe(false);
    expect(box.open(first, context)).toBe(secret);
    expect(box.open(box.seal('', context), context)).toBe('');
  });

  test('any flipped bit, a cut, another key id or another column is refused as altered', () => {
    const box = SecretBox.fromKeys([newer, older]);
    const sealed = box.seal('secret', context);
    for (let index = 0; index < sealed.ciphertext.length; index += 1) {
      const flipped = Buffer.from(sealed.ciphertext);
      flipped.writeUInt8(flipped.readUInt8(index) ^ 1, index);
      expect(() => box.open({ ...sealed, ciphertext: flipped }, context)).toThrow(SecretUnreadableError);
    }
    for (const length of [0, 5, 12, 27, sealed.ciphertext.length - 1]) {
      const cut = { ...sealed, ciphertext: sealed.ciphertext.subarray(0, length) };
      expect(() => box.open(cut, context)).toThrow(/altered/);
    }
    const otherKey = SecretBox.fromKeys([older]).seal('x', context).keyId;
    expect(() => box.open({ ...sealed, keyId: otherKey }, context)).toThrow(/altered/);
    expect(() => box.open(sealed, 'another.column')).toThrow(/altered/);
  });

  test('after a rotation old secrets open, new ones use the new key, and a retired key is named', () => {
    const sealed = SecretBox.fromKeys([older]).seal('kept', context);
    const rotated = SecretBox.fromKeys([newer, older]);
    expect(rotated.open(sealed, context)).toBe('kept');
    expect(rotated.isSealedWithOldKey(sealed.keyId)).toBe(true);
    expect(rotated.isSealedWithOldKey(rotated.seal('new', context).keyId)).toBe(false);
    const retired = SecretBox.fromKeys([newer]);
    expect(() => retired.open(sealed, context)).toThrow(
      new SecretUnreadableError(sealed.keyId, 'unknown_key'),
    );
  });

  test('keys are read from base64, base64url and hex, with spaces around the commas', () => {
    const text = `${newer.toString('base64')} , ${older.toString('hex')},`;
    const sealed = SecretBox.fromKeys([older]).seal('kept', context);
    expect(SecretBox.fromText(text).open(sealed, context)).toBe('kept');
    expect(SecretBox.fromText(older.toString('base64url')).open(sealed, context)).toBe('kept');
  });

  test.each(['', ' , ', 'short', randomBytes(31).toString('base64'), 'p@ssword'])(
    'the configured text %j is refused without being shown',
    (text) => {
      expect(() => SecretBox.fromText(text)).toThrow(EncryptionKeyError);
    },
  );
});
