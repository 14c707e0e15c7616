/**
 * The control block: what one request asks of the mock. It comes from the process (its defaults), from the prompt
 * (`[[mock {…}]]` in the latest user message) and from the header `x-llmmock-control`; a field set by a later one of
 * these three replaces the earlier one's. A block that does not validate is refused, naming the field: a load test
 * with a misspelt knob must not silently measure something else.
 */
import { z } from 'zod';
import { ApiError } from './api-error';
import { lastControlBlock } from './control-block';
import { distributionSchema } from './distribution';
import { faultSchema } from './fault';

const tokens = z.number().int().min(0).max(100_000_000);

const toolCallSchema = z.strictObject({
  name: z.string().min(1).max(200),
  arguments: z.union([z.record(z.string(), z.unknown()), z.string().max(1_000_000)]).default({}),
  id: z.string().min(1).max(200).optional(),
});

const stepSchema = z.union([
  z.array(toolCallSchema).min(1).max(128),
  z.strictObject({
    calls: z.array(toolCallSchema).min(1).max(128),
    text: z.string().max(1_000_000).optional(),
  }),
]);

const answerSchema = z.strictObject({
  key: z.string().min(1).max(200).optional(),
  seed: z.union([z.string().max(200), z.number()]).optional(),
  first_byte_ms: distributionSchema.optional(),
  chunk_ms: distributionSchema.optional(),
  chunk_count: z.number().int().min(1).max(100_000).optional(),
  chunk_size: z.number().int().min(1).max(1_000_000).optional(),
  argument_chunk_size: z.number().int().min(1).max(1_000_000).optional(),
  reply: z.string().max(10_000_000).optional(),
  reply_characters: z.number().int().min(1).max(10_000_000).optional(),
  structured: z.record(z.string(), z.unknown()).optional(),
  reasoning: z.string().max(10_000_000).optional(),
  reasoning_redacted: z.boolean().optional(),
  tool_calls: z.array(stepSchema).max(10_000).optional(),
  finish_reason: z.enum(['stop', 'length', 'content_filter', 'refusal']).optional(),
  usage: z
    .strictObject({
      input_tokens: tokens.optional(),
      output_tokens: tokens.optional(),
      cached_tokens: tokens.optional(),
      cache_write_tokens: tokens.optional(),
      reasoning_tokens: tokens.optional(),
    })
    .optional(),
  fault: faultSchema.optional(),
});

export const controlSchema = z.strictObject({
  ...answerSchema.shape,
  /** What counts, instead of all the rest, for a request to summarise the conversation that this block stands in. */
  summary: answerSchema.optional(),
});

export type Control = z.infer<typeof controlSchema>;
/** What a caller may write; defaults are filled in by the schema. */
export type ControlInput = z.input<typeof controlSchema>;

function describe(error: z.ZodError): string {
  return error.issues
    .slice(0, 3)
    .map((issue) => `${issue.path.length === 0 ? 'the block' : issue.path.join('.')}: ${issue.message}`)
    .join('; ');
}

/**
 * Parses the JSON of a control block.
 * @param source where it came from, for the message
 * @throws ApiError (400) naming the field
 */
export function parseControl(json: string, source: string): Control {
  let value: unknown;
  try {
    value = JSON.parse(json);
  } catch (error) {
    throw new ApiError(400, {
      message: `llmmock: the control block in ${source} is not JSON: ${String(error)}`,
      code: 'bad_control_block',
    });
  }
  const parsed = controlSchema.safeParse(value);
  if (!parsed.success) {
    throw new ApiError(400, {
      message: `llmmock: bad control block in ${source}: ${describe(parsed.error)}`,
      code: 'bad_control_block',
    });
  }
  const control = parsed.data;
  for (const { fault, key } of [control, control.summary ?? {}]) {
    if (fault?.first_attempts === undefined || key !== undefined) continue;
    throw new ApiError(400, {
      message: `llmmock: bad control block in ${source}: key: needed with fault.first_attempts, attempts are counted by it`,
      code: 'bad_control_block',
    });
  }
  return control;
}

/** The block of the latest user message, or undefined if it has none. @throws ApiError (400) */
export function controlOfPrompt(text: string): Control | undefined {
  const json = lastControlBlock(text);
  return json === undefined ? undefined : parseControl(json, 'the prompt');
}
