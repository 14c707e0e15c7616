/**
 * What a browser does with a push, written from the specifications and sharing nothing with the sender: RFC 8188 (aes128gcm),
 * RFC 8291 (its keys), RFC 8292 (VAPID).
 */
import { createDecipheriv, createPublicKey, hkdfSync, verify, type ECDH } from 'node:crypto';

export interface Receiver {
  readonly ecdh: ECDH;
  readonly auth: Buffer;
}

/** The text of an encrypted message. @throws when anything in it is not as it must be */
export function decrypt(message: Buffer, { ecdh, auth }: Receiver): string {
  const salt = message.subarray(0, 16);
  const recordSize = message.readUInt32BE(16);
  const idLength = message.readUInt8(20);
  const senderKey = message.subarray(21, 21 + idLength);
  const record = message.subarray(21 + idLength);
  if (idLength !== 65) throw new Error(`the sender's key has ${idLength} bytes`);
  if (record.length > recordSize) throw new Error('more than one record');
  const secret = ecdh.computeSecret(senderKey);
  const info = Buffer.concat([Buffer.from('WebPush: info\0'), ecdh.getPublicKey(), senderKey]);
  const keyMaterial = Buffer.from(hkdfSync('sha256', secret, auth, info, 32));
  const derive = (name: string, length: number): Buffer =>
    Buffer.from(hkdfSync('sha256', keyMaterial, salt, Buffer.from(`Content-Encoding: ${name}\0`), length));
  const decipher = createDecipheriv('aes-128-gcm', derive('aes128gcm', 16), derive('nonce', 12));
  decipher.setAuthTag(record.subarray(-16));
  const padded = Buffer.concat([decipher.update(record.subarray(0, -16)), decipher.final()]);
  const end = padded.findLastIndex((byte) => byte !== 0);
  if (padded[end] !== 2) throw new Error('the last record does not end with its delimiter');
  return padded.subarray(0, end).toString('utf8');
}

/** @throws unless the header proves that the holder of `publicKey` (base64url) sends to `audience` now */
export function assertVapid(
  header: string | undefined,
  { publicKey, audience }: { publicKey: string; audience: string },
): void {
  const [, token = '', key] = /^vapid t=([\w.-]+), *k=([\w-]+)$/.exec(header ?? '') ?? [];
  if (key !== publicKey)
    throw new Error(`signed with another key than the browser subscribed with: ${header}`);
  const [head = '', claims = '', signature = ''] = token.split('.');
  const point = Buffer.from(publicKey, 'base64url');
  const jwk = {
    kty: 'EC',
    crv: 'P-256',
    x: point.subarray(1, 33).toString('base64url'),
    y: point.subarray(33).toString('base64url'),
  };
  const verifier = { key: createPublicKey({ key: jwk, format: 'jwk' }), dsaEncoding: 'ieee-p1363' as const };
  const signed = Buffer.from(`${head}.${claims}`);
  if (!verify('sha256', signed, verifier, Buffer.from(signature, 'base64url')))
    throw new Error('a bad signature');
  const { alg } = parse(head);
  const { aud, exp, sub } = parse(claims);
  if (alg !== 'ES256') throw new Error(`signed by ${String(alg)}`);
  if (aud !== audience) throw new Error(`for ${String(aud)}`);
  const leftS = Number(exp) - Date.now() / 1000;
  if (!(leftS > 0 && leftS <= 24 * 3600)) throw new Error(`expires in ${leftS} s`);
  if (!/^(mailto:|https:)/.test(String(sub))) throw new Error(`from ${String(sub)}`);
}

function parse(part: string): Record<string, unknown> {
  return JSON.parse(Buffer.from(part, 'base64url').toString('utf8')) as Record<string, unknown>;
}
