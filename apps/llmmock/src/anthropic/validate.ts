/** What a Messages request may say, refused as the real API refuses it. Tools of the provider are accepted by type. */
import { isMissing, isObject, type JsonObject } from '../json-fields';
import {
  type ModelRequest,
  type OfferedTool,
  type ReasoningWish,
  type ToolChoice,
  Transcript,
} from '../model-request';
import { type RequestWalk, checkBlock, checkCacheControl } from './blocks';
import {
  optionalBoolean,
  optionalNumber,
  optionalObject,
  refuse,
  refuseUnknownKeys,
  requireArray,
  requireMatch,
  requireNumber,
  requireObject,
  requireOneOf,
  requireString,
  TOOL_NAME,
} from './fields';
import { walkMessages } from './messages';
import { checkModel } from './model-limits';

const PARAMETERS = new Set(
  (
    'max_tokens messages model cache_control container diagnostics inference_geo metadata output_config service_tier speed ' +
    'stop_sequences stream system temperature thinking tool_choice tools top_k top_p'
  ).split(' '),
);
const TOOL_KEYS = new Set(
  'type name description input_schema cache_control strict allowed_callers defer_loading eager_input_streaming input_examples'.split(
    ' ',
  ),
);
const COMBINATORS = ['oneOf', 'allOf', 'anyOf'];
const MAX_BREAKPOINTS = 4;
const MIN_THINKING_TOKENS = 1024;

function readTools(value: unknown, walk: RequestWalk): OfferedTool[] {
  if (isMissing(value)) return [];
  const names = new Set<string>();
  const tools: OfferedTool[] = [];
  requireArray(value, 'tools').forEach((entry, index) => {
    const tool = requireObject(entry, `tools.${index}`);
    const isCustom = isMissing(tool['type']) || tool['type'] === 'custom';
    const path = isCustom ? `tools.${index}.custom` : `tools.${index}`;
    const name = requireMatch(tool['name'], `${path}.name`, TOOL_NAME);
    if (names.has(name)) throw refuse('tools: Tool names must be unique.');
    names.add(name);
    checkCacheControl(tool, path, walk);
    if (!isCustom) return;
    refuseUnknownKeys(tool, TOOL_KEYS, path);
    if (!isMissing(tool['description'])) requireString(tool['description'], `${path}.description`);
    const schema = requireObject(tool['input_schema'], `${path}.input_schema`);
    requireOneOf(schema['type'], `${path}.input_schema.type`, ['object']);
    refuseCombinators(schema, path);
    tools.push({ name, schema });
  });
  return tools;
}

function refuseCombinators(schema: JsonObject, path: string): void {
  if (!COMBINATORS.some((key) => key in schema)) return;
  throw refuse(`${path}.input_schema: input_schema does not support oneOf, allOf, or anyOf at the top level`);
}

function readToolChoice(value: unknown, tools: readonly OfferedTool[], hasTools: boolean): ToolChoice {
  const choice = optionalObject(value, 'tool_choice');
  if (choice === undefined) return 'auto';
  if (!hasTools) throw refuse('tool_choice: tool_choice may only be specified while providing tools');
  const type = requireOneOf(choice['type'], 'tool_choice.type', ['auto', 'any', 'tool', 'none']);
  refuseUnknownKeys(choice, new Set(['type', 'name', 'disable_parallel_tool_use']), `tool_choice.${type}`);
  if (type === 'none' || type === 'auto') return type;
  if (type === 'any') return 'required';
  const name = requireString(choice['name'], 'tool_choice.tool.name');
  if (!tools.some((tool) => tool.name === name))
    throw refuse(`tool_choice.tool.name: Tool '${name}' not found in provided tools`);
  return { name };
}

function readThinking(body: JsonObject, maxTokens: number, toolChoice: ToolChoice): ReasoningWish {
  const thinking = optionalObject(body['thinking'], 'thinking');
  if (thinking === undefined) return 'none';
  const type = requireOneOf(thinking['type'], 'thinking.type', [
    'enabled',
    'disabled',
    'adaptive',
    'between_tools',
  ]);
  const keys = type === 'enabled' ? ['type', 'budget_tokens', 'display'] : ['type', 'display'];
  refuseUnknownKeys(thinking, new Set(keys), `thinking.${type}`);
  if (type === 'disabled' || type === 'between_tools') return 'none';
  if (type === 'enabled') {
    const bounds = { min: MIN_THINKING_TOKENS, max: 1e9, kind: 'integer' } as const;
    const budget = requireNumber(thinking['budget_tokens'], 'thinking.enabled.budget_tokens', bounds);
    if (budget >= maxTokens) throw refuse('`max_tokens` must be greater than `thinking.budget_tokens`.');
  }
  if (!isMissing(body['temperature']) && body['temperature'] !== 1) {
    throw refuse('`temperature` may only be set to 1 when thinking is enabled or in adaptive mode.');
  }
  if (!isMissing(body['top_k']))
    throw refuse('`top_k` must be unset when thinking is enabled or in adaptive mode.');
  if (toolChoice !== 'auto' && toolChoice !== 'none')
    throw refuse('Thinking may not be enabled when tool_choice forces tool use.');
  return !isMissing(thinking['display']) &&
    requireOneOf(thinking['display'], `thinking.${type}.display`, ['summarized', 'omitted']) === 'omitted'
    ? 'hidden'
    : 'visible';
}

function readSystem(value: unknown, walk: RequestWalk): string {
  if (isMissing(value)) return '';
  if (typeof value === 'string') return value;
  return requireArray(value, 'system')
    .map((block, index) => checkBlock(block, { path: `system.${index}`, supported: ['text'], walk }).text)
    .join('\n');
}

function readFormat(value: unknown): JsonObject | undefined {
  const config = optionalObject(value, 'output_config');
  if (config === undefined) return undefined;
  refuseUnknownKeys(config, new Set(['effort', 'format']), 'output_config');
  if (!isMissing(config['effort']))
    requireOneOf(config['effort'], 'output_config.effort', ['low', 'medium', 'high', 'xhigh', 'max']);
  const format = optionalObject(config['format'], 'output_config.format');
  if (format === undefined) return undefined;
  refuseUnknownKeys(format, new Set(['type', 'schema']), 'output_config.format');
  requireOneOf(format['type'], 'output_config.format.type', ['json_schema']);
  const schema = requireObject(format['schema'], 'output_config.format.schema');
  if (schema['type'] === 'object' && schema['additionalProperties'] !== false) {
    throw refuse(
      "output_config.format.schema: For 'object' type, 'additionalProperties' must be explicitly set to false",
    );
  }
  return schema;
}

function readStopSequences(value: unknown): string[] {
  if (isMissing(value)) return [];
  return requireArray(value, 'stop_sequences').map((entry, index) => {
    const sequence = requireString(entry, `stop_sequences.${index}`);
    if (sequence.trim() === '')
      throw refuse('stop_sequences: each stop sequence must contain non-whitespace');
    return sequence;
  });
}

/** @throws ApiError (400) */
export function validateMessages(body: JsonObject): ModelRequest {
  const model = requireString(body['model'], 'model');
  if (model === '') throw refuse('model: String should have at least 1 character');
  const maxTokens = requireNumber(body['max_tokens'], 'max_tokens', { min: 1, max: 1e9, kind: 'integer' });
  const messages = requireArray(body['messages'], 'messages');
  refuseUnknownKeys(body, PARAMETERS, '');
  checkModel(model, body, maxTokens);
  optionalNumber(body['temperature'], 'temperature', { min: 0, max: 1, kind: 'number' });
  optionalNumber(body['top_p'], 'top_p', { min: 0, max: 1, kind: 'number' });
  optionalNumber(body['top_k'], 'top_k', { min: 0, max: 1e9, kind: 'integer' });
  const walk: RequestWalk = { model, breakpoints: 0 };
  checkCacheControl(body, 'cache_control', walk);
  const tools = readTools(body['tools'], walk);
  const toolChoice = readToolChoice(
    body['tool_choice'],
    tools,
    Array.isArray(body['tools']) && body['tools'].length > 0,
  );
  const instructions = readSystem(body['system'], walk);
  const transcript = new Transcript();
  const isThinking = isObject(body['thinking']) && body['thinking']['type'] === 'enabled';
  walkMessages(messages, { transcript, walk, startsWithThinking: isThinking });
  if (walk.breakpoints > MAX_BREAKPOINTS) {
    throw refuse(
      `A maximum of ${MAX_BREAKPOINTS} blocks with cache_control may be provided. Found ${walk.breakpoints}.`,
    );
  }
  return {
    api: 'anthropic',
    model,
    stream: optionalBoolean(body['stream'], 'stream') === true,
    messages,
    transcript,
    instructions,
    tools,
    toolChoice,
    reasoning: readThinking(body, maxTokens, toolChoice),
    replySchema: readFormat(body['output_config']),
    maxOutputTokens: maxTokens,
    stopSequences: readStopSequences(body['stop_sequences']),
  };
}
