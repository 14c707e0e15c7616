import { z } from 'zod';

/**
 * What can go wrong with one request, on purpose. `after_chunks` counts content chunks (text, reasoning or argument
 * deltas), not events; 0 is before the first of them. `first_attempts` limits a fault to the first n requests that
 * carry the same `key`, so that the client's retry succeeds; `at_step` limits it to one model request of a turn.
 */
const afterChunks = z.number().int().min(0).max(1_000_000).default(0);
const waitMs = z.number().min(0).max(3_600_000);
const when = {
  first_attempts: z.number().int().min(1).max(1000).optional(),
  at_step: z.number().int().min(0).max(10_000).optional(),
  probability: z.number().min(0).max(1).optional(),
};

export const faultSchema = z.discriminatedUnion('kind', [
  z.strictObject({
    kind: z.literal('status'),
    status: z.number().int().min(400).max(599),
    message: z.string().max(4096).optional(),
    type: z.string().max(100).optional(),
    code: z.string().max(100).optional(),
    retry_after_s: z.number().min(0).max(86_400).optional(),
    retry_after_ms: z.number().min(0).max(86_400_000).optional(),
    ...when,
  }),
  z.strictObject({ kind: z.literal('stall'), after_chunks: afterChunks, for_ms: waitMs.optional(), ...when }),
  z.strictObject({ kind: z.literal('reset'), after_chunks: afterChunks, ...when }),
  z.strictObject({ kind: z.literal('malformed'), after_chunks: afterChunks, ...when }),
  z.strictObject({
    kind: z.literal('stream_error'),
    after_chunks: afterChunks,
    message: z.string().max(4096).default('The server had an error while processing your request.'),
    type: z.string().max(100).optional(),
    ...when,
  }),
  z.strictObject({ kind: z.literal('end_early'), after_chunks: afterChunks, ...when }),
  z.strictObject({ kind: z.literal('never_ending'), ...when }),
  z.strictObject({ kind: z.literal('not_a_stream'), ...when }),
  z.strictObject({ kind: z.literal('slow_headers'), ms: waitMs, ...when }),
]);

export type Fault = z.infer<typeof faultSchema>;
export type StatusFault = Extract<Fault, { kind: 'status' }>;
