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

/** What a tool call carries, so that running one twice shows. */
export const toolToken = (key: string, step: number, call: number): string => `${key}#${step}.${call}`;

export interface TurnOrder {
  /** Unique in the deployment; the mock's ledger and the stored rows are found by it. */
  readonly key: string;
  readonly shape: AnswerShape;
  /** How many tool calls each step before the answer makes. */
  readonly toolSteps: readonly number[];
  /** What goes wrong at the model before it answers. */
  readonly fault?: ControlInput['fault'];
}

/** The prompt of a turn: its control block and a sentence. */
export function promptFor({ key, shape, toolSteps, fault }: TurnOrder): string {
  const control: ControlInput = {
    key,
    seed: key,
    chunk_count: shape.chunks,
    chunk_size: shape.chunkSize,
    chunk_ms: shape.chunkMs,
    ...(shape.firstByteMs === 0 ? {} : { first_byte_ms: shape.firstByteMs }),
    ...(fault === undefined ? {} : { fault }),
    ...(toolSteps.length === 0
      ? {}
      : {
          tool_calls: toolSteps.map((calls, step) =>
            Array.from({ length: calls }, (_, call) => ({
              name: LOOKUP_TOOL.name,
              arguments: { token: toolToken(key, step, call) },
            })),
          ),
        }),
  };
  return `${formatControlBlock(control)} Go on.`;
}

/** The text that the model answers in the end. */
export function expectedText({ key, shape, toolSteps }: TurnOrder): string {
  return generateText(shape.chunks * shape.chunkSize, createRandom(`${key}/${toolSteps.length}`));
}

const KEY = /\[\[mock \{"key":"([^"]+)"/;

/** The key in a stored prompt; undefined for a message that is not ours. */
export const keyOf = (prompt: string): string | undefined => KEY.exec(prompt)?.[1];
