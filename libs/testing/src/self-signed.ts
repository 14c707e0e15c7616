/**
 * A certificate for localhost, signed by itself (X.509 v3, RFC 5280), so that tests speak TLS without a file that expires.
 * Just enough DER for that.
 */
import { createSign, generateKeyPairSync, randomBytes } from 'node:crypto';

export interface Certificate {
  /** PEM. */
  readonly key: string;
  readonly cert: string;
}

const SEQUENCE = 0x30;
const SET = 0x31;
const ecdsaWithSha256 = Buffer.from('300a06082a8648ce3d040302', 'hex');
const commonNameOid = Buffer.from('0603550403', 'hex');
const subjectAltNameOid = Buffer.from('0603551d11', 'hex');

/** Valid for a day, for these DNS names. */
export function selfSigned(names: readonly [string, ...string[]]): Certificate {
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'prime256v1' });
  const commonName = der(0x0c, Buffer.from(names[0]));
  const name = der(SEQUENCE, der(SET, der(SEQUENCE, commonNameOid, commonName)));
  const hourMs = 3_600_000;
  const validity = der(SEQUENCE, utcTime(Date.now() - hourMs), utcTime(Date.now() + 24 * hourMs));
  const dnsNames = names.map((one) => der(0x82, Buffer.from(one)));
  const alternatives = der(0x04, der(SEQUENCE, ...dnsNames));
  const extensions = der(0xa3, der(SEQUENCE, der(SEQUENCE, subjectAltNameOid, alternatives)));
  const body = der(
    SEQUENCE,
    der(0xa0, der(0x02, Buffer.from([2]))),
    der(0x02, Buffer.concat([Buffer.from([1]), randomBytes(8)])),
    ecdsaWithSha256,
    name,
    validity,
    name,
    publicKey.export({ type: 'spki', format: 'der' }),
    extensions,
  );
  const signature = createSign('sha256').update(body).sign(privateKey);
  const certificate = der(SEQUENCE, body, ecdsaWithSha256, der(0x03, Buffer.from([0]), signature));
  return {
    key: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
    cert: `-----BEGIN CERTIFICATE-----\n${certificate.toString('base64')}\n-----END CERTIFICATE-----\n`,
  };
}

function der(tag: number, ...contents: readonly Buffer[]): Buffer {
  const content = Buffer.concat(contents);
  const { length } = content;
  const size = length < 128 ? [length] : length < 256 ? [0x81, length] : [0x82, length >> 8, length & 0xff];
  return Buffer.concat([Buffer.from([tag, ...size]), content]);
}

/** YYMMDDhhmmssZ */
function utcTime(ms: number): Buffer {
  const digits = new Date(ms).toISOString().replace(/\D/g, '').slice(2, 14);
  return der(0x17, Buffer.from(`${digits}Z`));
}
