/**
 * The edge of the bus: JSON there and back, with each message checked against its shape when validating.
 * An invalid message going out is a bug here and throws; one coming in is somebody else's and is dropped with a warning.
 */
import type { z } from 'zod';
import type { BusLogger } from './bus';
import { InvalidMessageError } from './errors';

export interface CodecOptions {
  readonly validate: boolean;
  readonly logger: BusLogger;
}

export class MessageCodec {
  constructor(private readonly options: CodecOptions) {}

  /** Throws InvalidMessageError for a payload of the wrong shape (when validating) or without a JSON form. */
  encode(subject: string, schema: z.ZodType | undefined, payload: unknown): string {
    const offence = this.offence(subject, schema, payload);
    if (offence) throw offence;
    const json = JSON.stringify(payload) as string | undefined;
    if (json === undefined) throw new InvalidMessageError(subject, '(payload)', 'has no JSON form');
    return json;
  }

  /** Throws InvalidMessageError when `json` is not JSON or, when validating, has the wrong shape. */
  decode(subject: string, schema: z.ZodType | undefined, json: string): unknown {
    let payload: unknown;
    try {
      payload = JSON.parse(json);
    } catch {
      throw new InvalidMessageError(subject, '(payload)', 'is not JSON');
    }
    const offence = this.offence(subject, schema, payload);
    if (offence) throw offence;
    return payload;
  }

  /** Like decode, but an invalid message is logged and `undefined` comes back. */
  decodeOrDrop(
    subject: string,
    schema: z.ZodType | undefined,
    json: string,
  ): { payload: unknown } | undefined {
    try {
      return { payload: this.decode(subject, schema, json) };
    } catch (error) {
      if (!(error instanceof InvalidMessageError)) throw error;
      const { field, reason } = error;
      this.options.logger.warn({ subject, field, reason }, 'Dropped an invalid message');
      return undefined;
    }
  }

  private offence(
    subject: string,
    schema: z.ZodType | undefined,
    payload: unknown,
  ): InvalidMessageError | undefined {
    if (!this.options.validate || !schema) return undefined;
    const result = schema.safeParse(payload);
    if (result.success) return undefined;
    const issue = result.error.issues[0];
    const field = issue && issue.path.length > 0 ? issue.path.map(String).join('.') : '(payload)';
    return new InvalidMessageError(subject, field, issue?.message ?? 'is invalid');
  }
}
