/** Bodies and queries of the chat routes (`chat-api` sections 1.2 to 1.4). Unknown fields are ignored, as clients are newer at times. */
import { z } from 'zod';
import { chatMessage, queuedMessage, reasoningEffort } from './chat';
import { isShallow, isWellFormedJson, NIL_UUID, plainText, text, uuid } from './strings';

export const MAX_BODY_BYTES = 256 * 1024;
export const MAX_JSON_DEPTH = 64;
export const MAX_LABELS = 50;
export const MAX_DYNAMIC_TOOLS = 250;
export const MAX_TITLE_LENGTH = 200;
export const MAX_CHAT_SYSTEM_PROMPT_LENGTH = 10_000;
export const MAX_PARTS_PER_MESSAGE = 100;

export const inputPart = z.discriminatedUnion('type', [
  z.object({
    type: z.literal('text'),
    text: text().refine((value) => value.trim() !== '', 'must not be blank'),
  }),
  z.object({ type: z.literal('file'), file_id: uuid() }),
  z.object({
    type: z.literal('file-reference'),
    file_name: text().min(1, 'is required'),
    start_line: z.int32().min(0).default(0),
    end_line: z.int32().min(0).default(0),
    content: text().default(''),
  }),
]);
export type InputPart = z.infer<typeof inputPart>;

const content = z
  .array(inputPart)
  .min(1, 'must have at least one part')
  .max(MAX_PARTS_PER_MESSAGE, `must have at most ${MAX_PARTS_PER_MESSAGE} parts`);

const modelConfigId = uuid().refine(
  (value) => value !== NIL_UUID,
  'must not be the all-zero UUID: leave the field out',
);

const byteLength = (value: string) => Buffer.byteLength(value, 'utf8');

const labelKey = plainText()
  .regex(
    /^[A-Za-z0-9][A-Za-z0-9._/-]*$/,
    'must start with a letter or digit and hold only letters, digits, ".", "_", "/" and "-"',
  )
  .refine((key) => byteLength(key) <= 64, 'must have at most 64 bytes');

const labelValue = plainText().refine(
  (value) => value !== '' && byteLength(value) <= 256,
  'must have between 1 and 256 bytes',
);

export const labels = z
  .record(labelKey, labelValue)
  .refine((value) => Object.keys(value).length <= MAX_LABELS, `must have at most ${MAX_LABELS} entries`);

/** The tools that workers have themselves, and their old names: no tool of a client may be called so. A spec of the worker holds it. */
export const BUILT_IN_TOOL_NAMES: ReadonlySet<string> = new Set([
  'spawn_agent',
  'wait_agent',
  'message_agent',
  'interrupt_agent',
  'close_agent',
  'list_agents',
  'list_subagent_models',
]);

/** Providers refuse every request that offers a tool under another name. */
export const TOOL_NAME = /^[a-zA-Z0-9_-]{1,64}$/;

/** A tool that the client runs. */
export const dynamicTool = z.object({
  name: plainText()
    .trim()
    .min(1, 'must not be empty')
    .regex(TOOL_NAME, 'must have 1 to 64 letters, digits, "_" or "-": model providers take no other names'),
  description: plainText().default(''),
  input_schema: z
    .record(z.string(), z.unknown(), 'must be a JSON schema object')
    .refine(isWellFormedJson, 'contains a lone surrogate: send well-formed Unicode')
    .default({ type: 'object', properties: {} }),
});
export type DynamicTool = z.infer<typeof dynamicTool>;

const dynamicTools = z
  .array(dynamicTool)
  .max(MAX_DYNAMIC_TOOLS, `must have at most ${MAX_DYNAMIC_TOOLS} tools`)
  .superRefine((tools, context) => {
    const seen = new Set<string>();
    tools.forEach((tool, index) => {
      if (seen.has(tool.name)) {
        context.addIssue({
          code: 'custom',
          path: [index, 'name'],
          message: 'is used twice: names must be unique',
        });
      }
      if (BUILT_IN_TOOL_NAMES.has(tool.name)) {
        context.addIssue({
          code: 'custom',
          path: [index, 'name'],
          message: 'is the name of a built-in tool: choose another one',
        });
      }
      seen.add(tool.name);
    });
  });

const planMode = z.enum(['', 'plan']);

export const createChatRequest = z.object({
  organization_id: uuid(),
  content,
  system_prompt: plainText()
    .max(MAX_CHAT_SYSTEM_PROMPT_LENGTH, `must have at most ${MAX_CHAT_SYSTEM_PROMPT_LENGTH} characters`)
    .optional(),
  workspace_id: uuid().nullish(),
  model_config_id: modelConfigId.nullish(),
  reasoning_effort: reasoningEffort.nullish(),
  mcp_server_ids: z.array(uuid()).nullish(),
  labels: labels.nullish(),
  unsafe_dynamic_tools: dynamicTools.nullish(),
  plan_mode: planMode.optional(),
  client_type: z.enum(['ui', 'api']).default('api'),
});
export type CreateChatRequest = z.infer<typeof createChatRequest>;

export const BUSY_BEHAVIORS = ['queue', 'interrupt'] as const;

export const createMessageRequest = z.object({
  content,
  model_config_id: modelConfigId.nullish(),
  mcp_server_ids: z.array(uuid()).nullish(),
  busy_behavior: z.enum(BUSY_BEHAVIORS).default('queue'),
  plan_mode: planMode.nullish(),
  reasoning_effort: reasoningEffort.nullish(),
});
export type CreateMessageRequest = z.infer<typeof createMessageRequest>;

export const editMessageRequest = z.object({
  content,
  model_config_id: modelConfigId.nullish(),
  reasoning_effort: reasoningEffort.nullish(),
  mcp_server_ids: z.array(uuid()).nullish(),
});
export type EditMessageRequest = z.infer<typeof editMessageRequest>;

const codePoints = (value: string) => [...value].length;

export const updateChatRequest = z.object({
  title: plainText()
    .trim()
    .refine((value) => value !== '', 'must not be blank')
    .refine(
      (value) => codePoints(value) <= MAX_TITLE_LENGTH,
      `must have at most ${MAX_TITLE_LENGTH} characters`,
    )
    .optional(),
  labels: labels.optional(),
  archived: z.boolean().optional(),
  pin_order: z.int32().min(0, 'must not be negative: 0 unpins').optional(),
  workspace_id: uuid().optional(),
  plan_mode: planMode.optional(),
});
export type UpdateChatRequest = z.infer<typeof updateChatRequest>;

export const toolResultsRequest = z.object({
  results: z
    .array(
      z.object({
        tool_call_id: text().min(1, 'is required'),
        output: z
          .unknown()
          .refine((value) => value !== undefined, 'is required: send a JSON value')
          .refine(
            (value) => isShallow(value, MAX_JSON_DEPTH),
            `is nested deeper than ${MAX_JSON_DEPTH} levels`,
          )
          .refine(isWellFormedJson, 'contains a lone surrogate: send well-formed Unicode'),
        is_error: z.boolean().default(false),
      }),
    )
    .min(1, 'must have at least one result'),
});
export type ToolResultsRequest = z.infer<typeof toolResultsRequest>;

export const createMessageResponse = z.object({
  message: chatMessage.optional(),
  messages: z.array(chatMessage).optional(),
  queued_message: queuedMessage.optional(),
  queued: z.boolean(),
  warnings: z.array(z.string()).optional(),
});
export type CreateMessageResponse = z.infer<typeof createMessageResponse>;

export const messagesResponse = z.object({
  messages: z.array(chatMessage),
  queued_messages: z.array(queuedMessage),
  has_more: z.boolean(),
});
export type MessagesResponse = z.infer<typeof messagesResponse>;

/** A whole number in a query string, within bounds. */
export const queryInteger = (bounds: { min: number; max: number }) =>
  z
    .string()
    .regex(/^-?\d{1,16}$/, 'must be a whole number')
    .transform(Number)
    .refine(
      (value) => value >= bounds.min && value <= bounds.max,
      `must be between ${bounds.min} and ${bounds.max}`,
    );

export const messagesQuery = z
  .object({
    before_id: queryInteger({ min: 1, max: Number.MAX_SAFE_INTEGER }).optional(),
    after_id: queryInteger({ min: 0, max: Number.MAX_SAFE_INTEGER }).optional(),
    limit: queryInteger({ min: 1, max: 200 }).default(50),
  })
  .refine(
    (query) =>
      query.before_id === undefined || query.after_id === undefined || query.after_id < query.before_id,
    {
      path: ['after_id'],
      message: 'must be less than before_id',
    },
  );
export type MessagesQuery = z.infer<typeof messagesQuery>;
