/** Ids made from a call, so that the same call, when it is repeated after a takeover, finds what it did before. */
import { createHash } from 'node:crypto';
import type { OnceKey } from '@parley/chat-state';

/** A UUID (version 8: made of a hash) that only this call has. */
export function chatIdOf(callKey: string): string {
  const bytes = digest('chat', callKey).subarray(0, 16);
  bytes.writeUInt8((bytes.readUInt8(6) & 0x0f) | 0x80, 6);
  bytes.writeUInt8((bytes.readUInt8(8) & 0x3f) | 0x80, 8);
  const hex = bytes.toString('hex');
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join('-');
}

/** The key under which a message of this call is sent at most once. */
export function onceKeyOf(callKey: string, text: string): OnceKey {
  return {
    key: `tool-call:${digest('message', callKey).toString('base64url')}`,
    requestHash: digest('message', callKey, text),
  };
}

function digest(...texts: string[]): Buffer {
  return createHash('sha256').update(JSON.stringify(texts)).digest();
}
