/**
 * Decides what the model answers. In this order: JSON when the request wants a structured reply (a control block in the
 * prompt then only gives the `key`, since a title request quotes the user's message, block included); the tool calls of
 * this step of the turn; a call the request forces; else text. Same request, same answer; only ids differ.
 */
import type { Answer, AnswerBlock, FinishReason, ToolCallBlock, Usage } from './answer';
import { ApiError } from './api-error';
import { chunksOfCount, chunksOfSize } from './chunks';
import type { Control } from './control';
import type { ModelRequest, OfferedTool } from './model-request';
import type { Random } from './random';
import { DEFAULT_SUMMARY, defaultReasoning, defaultReply, generateText } from './reply-text';
import { exampleOf, shortTitle } from './schema-example';

const DEFAULT_CHUNK_COUNT = 20;
const DEFAULT_ARGUMENT_CHUNK_SIZE = 12;
export const CHARACTERS_PER_TOKEN = 4;

export interface PlanInput {
  readonly request: ModelRequest;
  readonly control: Control;
  readonly random: Random;
  readonly answerId: string;
  readonly nowMs: number;
  /** Characters of the prompt that are not in its transcript: instructions and tools. */
  readonly otherCharacters: number;
}

type Step = NonNullable<Control['tool_calls']>[number];

function callsOf(step: Step): Exclude<Step, readonly unknown[]>['calls'] {
  return Array.isArray(step) ? step : step.calls;
}

/** The index of the step of the turn that this request is, from the tool results since the user spoke. */
export function stepNumber(control: Control, toolResults: number): number {
  const steps = control.tool_calls ?? [];
  let left = toolResults;
  let index = 0;
  for (const step of steps) {
    if (left < callsOf(step).length) return index;
    left -= callsOf(step).length;
    index += 1;
  }
  return index + left;
}

function toolCallBlock(
  call: { name: string; arguments: string; id: string | undefined },
  control: Control,
): ToolCallBlock {
  return {
    type: 'tool_call',
    ...call,
    chunks: chunksOfSize(call.arguments, control.argument_chunk_size ?? DEFAULT_ARGUMENT_CHUNK_SIZE),
  };
}

function textBlock(text: string, control: Control): AnswerBlock {
  const chunks =
    control.chunk_size === undefined
      ? chunksOfCount(text, control.chunk_count ?? DEFAULT_CHUNK_COUNT)
      : chunksOfSize(text, control.chunk_size);
  return { type: 'text', text, chunks };
}

function scriptedCalls(input: PlanInput): AnswerBlock[] | undefined {
  const { request, control } = input;
  const number = stepNumber(control, request.transcript.toolResultsSinceUser);
  const step = control.tool_calls?.[number];
  if (step === undefined || request.toolChoice === 'none') return undefined;
  const blocks: AnswerBlock[] = [];
  if (!Array.isArray(step) && step.text !== undefined) blocks.push(textBlock(step.text, control));
  callsOf(step).forEach((call, index) => {
    if (!request.tools.some((tool) => tool.name === call.name)) {
      throw new ApiError(400, {
        message: `llmmock: tool_calls.${number}.${index}.name: "${call.name}" is not among the tools of this request`,
        code: 'bad_control_block',
      });
    }
    const text = typeof call.arguments === 'string' ? call.arguments : JSON.stringify(call.arguments);
    blocks.push(toolCallBlock({ name: call.name, arguments: text, id: call.id }, control));
  });
  return blocks;
}

function forcedTool(request: ModelRequest): OfferedTool | undefined {
  const choice = request.toolChoice;
  if (choice === 'required') return request.tools[0];
  return typeof choice === 'object' ? request.tools.find((tool) => tool.name === choice.name) : undefined;
}

/** The one field of the JSON that the instructions alone ask for, where the API cannot enforce a schema. */
function jsonFieldAsked({ instructions, tools }: ModelRequest): string | undefined {
  if (tools.length > 0 || !/\bjson\b/i.test(instructions)) return undefined;
  const shown = /\{"(\w+)": "\.\.\."\}/.exec(instructions)?.[1];
  return shown ?? (/\btitle\b/i.test(instructions) ? 'title' : undefined);
}

/** The client wants the conversation summarised; its wording is the client's own, as with titles. */
export function isSummary({ transcript }: ModelRequest): boolean {
  return /\bsummari[sz]e this conversation so that\b/i.test(transcript.lastUserText);
}

export function isStructured(request: ModelRequest): boolean {
  return (
    request.replySchema !== undefined ||
    jsonFieldAsked(request) !== undefined ||
    (request.tools.length === 1 && forcedTool(request) !== undefined)
  );
}

/** What of the prompt's control block counts for this request. */
export function controlForRequest(request: ModelRequest, control: Control): Control {
  if (!isStructured(request)) return control;
  return {
    ...(control.key === undefined ? {} : { key: control.key }),
    ...(control.structured === undefined ? {} : { structured: control.structured }),
  };
}

/** Callers put what is to be named between tags, which a model knows not to quote. */
const withoutTags = (text: string): string => text.replace(/^\s*<(\w+)>([^]*)<\/\1>\s*$/, '$2');

function structuredText(input: PlanInput): string | undefined {
  const { request, control } = input;
  const field = jsonFieldAsked(request);
  if (request.replySchema === undefined && field === undefined) return undefined;
  if (control.reply !== undefined) return control.reply;
  const title = shortTitle(withoutTags(request.transcript.plainUserText));
  const schema = request.replySchema ?? {
    type: 'object',
    properties: { [field ?? 'reply']: { type: 'string' } },
  };
  return JSON.stringify(control.structured ?? exampleOf(schema, title));
}

function replyText(input: PlanInput): string {
  const { control, request, random } = input;
  if (control.reply !== undefined) return control.reply;
  if (control.reply_characters !== undefined) return generateText(control.reply_characters, random);
  if (control.chunk_count !== undefined && control.chunk_size !== undefined) {
    return generateText(control.chunk_count * control.chunk_size, random);
  }
  return isSummary(request) ? DEFAULT_SUMMARY : defaultReply(request.transcript.plainUserText);
}

function answerBlocks(input: PlanInput): AnswerBlock[] {
  const { request, control } = input;
  const structured = structuredText(input);
  if (structured !== undefined) return [textBlock(structured, control)];
  const scripted = scriptedCalls(input);
  if (scripted !== undefined) return scripted;
  const forced = forcedTool(request);
  if (forced !== undefined) {
    const example =
      control.structured ?? exampleOf(forced.schema, shortTitle(request.transcript.plainUserText));
    return [toolCallBlock({ name: forced.name, arguments: JSON.stringify(example), id: undefined }, control)];
  }
  return [textBlock(replyText(input), control)];
}

function reasoningBlock({ request, control }: PlanInput): AnswerBlock[] {
  const isWanted =
    request.reasoning !== 'none' || (control.reasoning !== undefined && request.api !== 'anthropic');
  if (!isWanted) return [];
  const text = control.reasoning ?? defaultReasoning(request.transcript.plainUserText);
  const block = textBlock(text, control);
  const redacted = control.reasoning_redacted === true;
  return block.type === 'text' ? [{ ...block, type: 'reasoning', redacted }] : [];
}

interface Cut {
  readonly text: string;
  readonly finish: FinishReason;
  readonly stopSequence: string | undefined;
}

/** Applies the request's stop sequences and output limit, as a model would. */
function cutText(text: string, request: ModelRequest): Cut | undefined {
  let end = text.length;
  let stopSequence: string | undefined;
  for (const sequence of request.stopSequences) {
    const at = text.indexOf(sequence);
    if (at >= 0 && at < end) {
      end = at;
      stopSequence = sequence;
    }
  }
  const limit = (request.maxOutputTokens ?? Infinity) * CHARACTERS_PER_TOKEN;
  if (end > limit) return { text: text.slice(0, limit), finish: 'length', stopSequence: undefined };
  return stopSequence === undefined
    ? undefined
    : { text: text.slice(0, end), finish: 'stop_sequence', stopSequence };
}

const tokensOf = (characters: number): number => Math.ceil(characters / CHARACTERS_PER_TOKEN);

function usageOf(input: PlanInput, blocks: readonly AnswerBlock[]): Usage {
  let characters = 0;
  let reasoning = 0;
  for (const block of blocks) {
    if (block.type === 'reasoning') reasoning += block.text.length;
    else characters += block.type === 'text' ? block.text.length : block.arguments.length + block.name.length;
  }
  const { usage = {} } = input.control;
  const reasoningTokens = usage.reasoning_tokens ?? tokensOf(reasoning);
  return {
    inputTokens:
      usage.input_tokens ??
      Math.max(1, tokensOf(input.request.transcript.characters + input.otherCharacters)),
    outputTokens: usage.output_tokens ?? Math.max(1, tokensOf(characters)) + reasoningTokens,
    cachedTokens: usage.cached_tokens ?? 0,
    cacheWriteTokens: usage.cache_write_tokens ?? 0,
    reasoningTokens,
  };
}

/** @throws ApiError (400) when the control block asks for a tool that the request does not offer */
export function planAnswer(input: PlanInput): Answer {
  const { request, control } = input;
  let content = answerBlocks(input);
  let finish: FinishReason = content.some((block) => block.type === 'tool_call') ? 'tool_calls' : 'stop';
  let stopSequence: string | undefined;
  const only = content[0];
  if (content.length === 1 && only?.type === 'text') {
    const cut = cutText(only.text, request);
    if (cut !== undefined) {
      content = [textBlock(cut.text, control)];
      ({ finish, stopSequence } = cut);
    }
  }
  const blocks = [...reasoningBlock(input), ...content];
  return {
    id: input.answerId,
    createdAtMs: input.nowMs,
    model: request.model,
    blocks,
    finish: control.finish_reason ?? finish,
    stopSequence,
    usage: usageOf(input, blocks),
  };
}
