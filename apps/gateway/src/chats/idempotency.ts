/**
 * `Idempotency-Key` on `POST /chats` and `POST /chats/:chat/messages`: a client that does not know whether its request arrived repeats
 * it under the same key, and gets the first one's answer for 24 hours.
 *
 * The first request is carried out as if there were no key; chat-state stores the key and the result with the work. Whatever is
 * refused may be the repeat of a request that was carried out, even if it would be refused today for another reason: then the key
 * is looked up. So only a key that was used before costs a second statement. What was refused itself keeps no key.
 */
import { createHash } from 'node:crypto';
import { createParamDecorator, type ExecutionContext } from '@nestjs/common';
import type { OnceKey, Repeat } from '@parley/chat-state';
import type { FastifyRequest } from 'fastify';
import { ApiError, invalidField } from '../http/api-error';

const HEADER = 'Idempotency-Key';
const VISIBLE_ASCII = /^[!-~]{1,255}$/;

/** `@IdempotencyKey()` in a controller: the header's value, or undefined without it. @throws ApiError 400 */
export const IdempotencyKey = createParamDecorator((_nothing: unknown, context: ExecutionContext) =>
  parseIdempotencyKey(context.switchToHttp().getRequest<FastifyRequest>().headers['idempotency-key']),
);

/** Node joins the values of a header that came twice by a comma and a space: that is refused too. @throws ApiError 400 */
export function parseIdempotencyKey(header: string | string[] | undefined): string | undefined {
  if (header === undefined) return undefined;
  if (typeof header === 'string' && VISIBLE_ASCII.test(header)) return header;
  throw invalidField(HEADER, 'must be 1 to 255 visible ASCII characters');
}

export interface KeyedRequest {
  readonly key: string | undefined;
  /** Method and path, the same for every prefix that the route is mounted at. */
  readonly route: 'POST chats' | 'POST chats/:chat/messages';
  readonly chatId?: string;
  /** As parsed: what was left out is the same as its default, and fields that we do not know do not count. */
  readonly body: object;
}

/** Carries out `work`, or answers as it was answered under this key before. @throws ApiError 422; what `work` throws */
export async function once<Result>(
  request: KeyedRequest,
  does: {
    work: (once: OnceKey | undefined) => Promise<Result>;
    readRepeat: (once: OnceKey) => Promise<Repeat<Result> | null>;
  },
): Promise<Result> {
  if (request.key === undefined) return does.work(undefined);
  const key: OnceKey = { key: request.key, requestHash: hashOf(request) };
  try {
    return await does.work(key);
  } catch (error) {
    const repeat = await does.readRepeat(key);
    if (repeat === null) throw error;
    if (repeat.isSame) return repeat.result;
    throw usedForAnother();
  }
}

function hashOf({ route, chatId = '', body }: KeyedRequest): Uint8Array {
  return createHash('sha256')
    .update([route, chatId, canonicalJson(body)].join('\n'))
    .digest();
}

/** The same text for bodies that differ only in the order of their fields. */
export function canonicalJson(value: object): string {
  return JSON.stringify(value, (_name, child: unknown) =>
    typeof child !== 'object' || child === null || Array.isArray(child)
      ? child
      : Object.fromEntries(Object.entries(child).sort(([one], [other]) => (one < other ? -1 : 1))),
  );
}

const usedForAnother = (): ApiError =>
  new ApiError(422, 'This idempotency key was used for another request.', {
    validations: [{ field: HEADER, detail: 'was used for another request in the last 24 hours' }],
  });
