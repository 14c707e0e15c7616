/**
 * What a tool that the worker runs consists of: what the model is told about it, what the frame must know of it, and how it is run.
 *
 * The input is declared once, as a schema: the model gets it as JSON schema, and arguments that do not fit it never reach the tool. A
 * tool either returns a JSON value or throws; both become a tool-result, so that no call is left without one. It should
 * stop when its signal aborts; one that does not is left behind, and what it returns then is dropped.
 */
import type { ChatHead } from '@parley/chat-state';
import type { JsonObject, ToolDefinition } from '@parley/llm';
import { z } from 'zod';
import type { TurnContext } from './turn-context';

export interface ToolAnnotations {
  /** It changes nothing, so it may run as often as one likes. Such tools are what an exploring subagent has. */
  readonly isReadOnly: boolean;
  /** A second run of the same call does no harm, so a takeover may repeat it. */
  readonly isIdempotent: boolean;
  /** It must be the only call of an answer: beside others none of them runs. */
  readonly isExclusive: boolean;
  /** A result of it that is no error ends the turn: the model is not asked again. */
  readonly stopsTurn: boolean;
}

export interface ToolCallContext {
  /** The same for all calls of a turn. */
  readonly turn: TurnContext;
  readonly toolCallId: string;
  /** Names this call and no other one, ever, and is the same when it is repeated after a takeover. */
  readonly callKey: string;
  /** Aborts at an interrupt, an edit, a stop, and when the call takes longer than its tool may. */
  readonly signal: AbortSignal;
  /** While nothing but such waits is left to do for the chat, another chat may have its place in the worker. */
  waitingFor<T>(wait: () => Promise<T>): Promise<T>;
}

export type PreparedCall = (context: ToolCallContext) => Promise<unknown>;

export interface LocalTool {
  readonly definition: ToolDefinition;
  readonly annotations: ToolAnnotations;
  /** Names that older histories, and models that remember them, call it by. */
  readonly aliases: readonly string[];
  /** A call that takes longer ends with an error. */
  readonly timeoutMs: number;
  /** Whether this chat has it. */
  isOfferedTo(chat: ChatHead): boolean;
  /** Checks whatever JSON the model wrote. @throws ToolInputError, before anything was done */
  prepare(args: unknown): PreparedCall;
}

export const DEFAULT_TOOL_TIMEOUT_MS = 60_000;

const CAUTIOUS: ToolAnnotations = {
  isReadOnly: false,
  isIdempotent: false,
  isExclusive: false,
  stopsTurn: false,
};

export interface ToolDeclaration<Schema extends z.ZodType> {
  readonly name: string;
  readonly description: string;
  readonly input: Schema;
  /** Default: none of them holds. What is read-only is idempotent. */
  readonly annotations?: Partial<ToolAnnotations>;
  readonly aliases?: readonly string[];
  /** Default: a minute. */
  readonly timeoutMs?: number;
  /** Default: every chat has it. */
  readonly isOfferedTo?: (chat: ChatHead) => boolean;
  run(input: z.output<Schema>, context: ToolCallContext): Promise<unknown>;
}

export function defineTool<Schema extends z.ZodType>(declared: ToolDeclaration<Schema>): LocalTool {
  const { name, description, input, aliases = [], timeoutMs = DEFAULT_TOOL_TIMEOUT_MS } = declared;
  const inputSchema = jsonSchemaOf(input);
  const annotations = { ...CAUTIOUS, ...declared.annotations };
  return {
    definition: { name, description, inputSchema },
    annotations: { ...annotations, isIdempotent: annotations.isIdempotent || annotations.isReadOnly },
    aliases,
    timeoutMs,
    isOfferedTo: declared.isOfferedTo ?? (() => true),
    prepare: (args) => {
      const parsed = input.safeParse(args);
      if (!parsed.success) throw new ToolInputError(parsed.error, inputSchema);
      return (context) => declared.run(parsed.data, context);
    },
  };
}

/** What went wrong, in words for the model. */
export class ToolError extends Error {
  readonly code: string = 'tool_failed';
}

export class ToolInputError extends ToolError {
  override readonly code = 'tool_input_invalid';

  constructor(error: z.ZodError, schema: JsonObject) {
    const issues = error.issues.map(({ path, message }) =>
      path.length === 0 ? message : `${path.join('.')}: ${message}`,
    );
    super(
      `The arguments are not valid (${issues.join('; ')}). Nothing was done. The schema is ${JSON.stringify(schema)}`,
    );
  }
}

function jsonSchemaOf(input: z.ZodType): JsonObject {
  const { $schema: _version, ...schema } = z.toJSONSchema(input, { io: 'input' });
  return schema;
}
