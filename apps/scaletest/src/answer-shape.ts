/**
 * How the mock answers a turn, and therefore what must come out of the platform: the harness asks for it in the prompt's
 * control block, and works out the very text from the same seed.
 */
import { type ControlInput, createRandom, formatControlBlock, generateText } from '@parley/llmmock';

export interface AnswerShape {
  /** Chunks of one text answer. */
  readonly chunks: number;
  /** Characters of a chunk. */
  readonly chunkSize: number;
  /** Between two chunks. */
  readonly chunkMs: number;
  /** Until the first byte. */
  readonly firstByteMs: number;
}

/** The tool that the harness offers with a chat and runs itself. */
export const LOOKUP_TOOL = {
  name: 'lookup',
  description: 'Looks a value up.',
  input_schema: { type: 'object', properties: { token: { type: 'string' } }, required: ['token'] },
} as const;

/** Tools of the platform itself. */
export const SPAWN_TOOL = 'spawn_agent';
export const WAIT_TOOL = 'wait_agent';

/** What a tool call carries, so that running one twice shows. */
export const toolToken = (key: string, step: number, call: number): string => `${key}#${step}.${call}`;

export interface ToolCallOrder {
  readonly name: string;
  /** A text is sent as it is. */
  readonly arguments: Record<string, unknown> | string;
}

export interface TurnOrder {
  /** Unique in the deployment; the mock's ledger and the stored rows are found by it. */
  readonly key: string;
  readonly shape: AnswerShape;
  /** How many tool calls each step before the answer makes. */
  readonly toolSteps: readonly number[];
  /** These calls, as many as `toolSteps` says, in place of the harness's own tool. */
  readonly calls?: readonly (readonly ToolCallOrder[])[];
  /** How long the model says the prompt was, in tokens. */
  readonly inputTokens?: number;
  /** The history is summarised once: before the answer because it has grown too large, or after it because somebody asks. */
  readonly compaction?: 'automatic' | 'manual';
  /** Subagents whose answers this turn waits for, in the order of its calls. */
  readonly reports?: readonly TurnOrder[];
  /** What goes wrong at the model before it answers. */
  readonly fault?: ControlInput['fault'];
}

/** The prompt of a turn: its control block and a sentence. */
export function promptFor(order: TurnOrder): string {
  const { fault, inputTokens, compaction } = order;
  const control: ControlInput = {
    ...answerControl(order),
    ...(fault === undefined ? {} : { fault }),
    ...(inputTokens === undefined ? {} : { usage: { input_tokens: inputTokens } }),
    ...(compaction === undefined ? {} : { summary: answerControl(summaryOf(order)) }),
    ...toolControl(order),
  };
  return `${formatControlBlock(control)} Go on.`;
}

function answerControl({ key, shape }: TurnOrder): Omit<ControlInput, 'summary'> {
  return {
    key,
    seed: key,
    chunk_count: shape.chunks,
    chunk_size: shape.chunkSize,
    chunk_ms: shape.chunkMs,
    ...(shape.firstByteMs === 0 ? {} : { first_byte_ms: shape.firstByteMs }),
  };
}

function toolControl(order: TurnOrder): Pick<ControlInput, 'tool_calls'> {
  const steps = callsOf(order);
  return steps.length === 0 ? {} : { tool_calls: steps.map((step) => [...step]) };
}

/** The calls of each step before the answer. */
export function callsOf({ key, toolSteps, calls }: TurnOrder): readonly (readonly ToolCallOrder[])[] {
  return (
    calls ??
    toolSteps.map((count, step) =>
      Array.from({ length: count }, (_, call) => ({
        name: LOOKUP_TOOL.name,
        arguments: { token: toolToken(key, step, call) },
      })),
    )
  );
}

/** The summary of a turn's compaction, as a call of the model with a key of its own. */
export const summaryOf = ({ key, shape }: TurnOrder): TurnOrder => ({
  key: `${key}/summary`,
  shape,
  toolSteps: [],
});

/** The text that the model answers in the end. */
export function expectedText({ key, shape, toolSteps }: TurnOrder): string {
  return generateText(shape.chunks * shape.chunkSize, createRandom(`${key}/${toolSteps.length}`));
}

const KEY = /\[\[mock \{"key":"([^"]+)"/;

/** The key in a stored prompt; undefined for a message that is not ours. */
export const keyOf = (prompt: string): string | undefined => KEY.exec(prompt)?.[1];
