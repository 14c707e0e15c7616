/** One request answered: the listener's reply, or why there is none, in a form that can cross the wire. Never throws. */
import type { Subject } from '@parley/contracts';
import type { BusHeaders, BusLogger, RequestListener } from './bus';
import type { MessageCodec } from './codec';
import { InvalidMessageError, PayloadTooLargeError } from './errors';
import type { Answer } from './receivers';

export interface AnswerTask<Payload, Reply> {
  readonly subject: Subject<Payload, Reply>;
  readonly listener: RequestListener<Payload, Reply>;
  readonly delivery: { readonly subject: string; readonly json: string; readonly headers: BusHeaders };
  readonly codec: MessageCodec;
  readonly logger: BusLogger;
  readonly maxPayloadBytes: number;
}

/** A reply that is invalid or too large counts as a failure of the responder, so that the asker learns of it at once. */
export async function answerTo<Payload, Reply>(task: AnswerTask<Payload, Reply>): Promise<Answer> {
  const { subject, listener, delivery, codec, logger } = task;
  try {
    const payload = codec.decode(delivery.subject, subject.payload, delivery.json) as Payload;
    const reply = await listener(payload, { subject: delivery.subject, headers: delivery.headers });
    const json = codec.encode(delivery.subject, subject.reply, reply);
    const bytes = Buffer.byteLength(json);
    if (bytes > task.maxPayloadBytes)
      throw new PayloadTooLargeError(delivery.subject, bytes, task.maxPayloadBytes);
    return { json };
  } catch (error) {
    if (error instanceof InvalidMessageError) {
      logger.warn(
        { subject: delivery.subject, field: error.field, reason: error.reason },
        'Refused an invalid request or reply',
      );
    } else {
      logger.error({ err: error, subject: delivery.subject }, 'A bus responder threw');
    }
    return { failure: error instanceof Error ? error.message : String(error) };
  }
}
