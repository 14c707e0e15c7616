/**
 * What a Responses request may say, refused as the real API refuses it. Only function tools are checked in depth; the
 * provider's own tools are accepted by type. Nothing is stored: an answer to chain to does not exist here.
 */
import { ApiError } from '../api-error';
import { isMissing, isObject, type JsonObject } from '../json-fields';
import {
  type ModelRequest,
  type OfferedTool,
  type ReasoningWish,
  type ToolChoice,
  Transcript,
} from '../model-request';
import {
  invalidInput,
  invalidType,
  invalidValue,
  missingParameter,
  optionalBoolean,
  optionalEnum,
  optionalNumber,
  optionalObject,
  optionalString,
  refuseUnknownKeys,
  requireArray,
  requireName,
  requireObject,
  requireString,
} from '../openai-fields';
import { checkSchema } from '../openai-schema';
import { chosenTool, EFFORTS, readFunctionTool, toolChoiceWord } from '../openai-tools';
import { MAX_TOOL_NAME_LENGTH, walkInput } from './input';

const PARAMETERS = new Set(
  (
    'background context_management conversation include input instructions max_output_tokens max_tool_calls metadata model ' +
    'moderation parallel_tool_calls previous_response_id prompt prompt_cache_key prompt_cache_options prompt_cache_retention ' +
    'reasoning safety_identifier service_tier store stream stream_options temperature text tool_choice tools top_logprobs top_p ' +
    'truncation user'
  ).split(' '),
);
const INCLUDABLE = [
  'file_search_call.results',
  'web_search_call.results',
  'web_search_call.action.sources',
  'message.input_image.image_url',
  'computer_call_output.output.image_url',
  'code_interpreter_call.outputs',
  'reasoning.encrypted_content',
  'message.output_text.logprobs',
];
const PROVIDER_TOOLS = [
  'web_search',
  'web_search_preview',
  'file_search',
  'computer',
  'computer_use_preview',
  'code_interpreter',
  'image_generation',
  'mcp',
  'local_shell',
  'shell',
  'apply_patch',
  'custom',
];
const SUMMARIES = ['auto', 'concise', 'detailed'];
const TOOL_KEYS = new Set(
  'type name description parameters strict allowed_callers defer_loading output_schema'.split(' '),
);

function readTools(value: unknown): OfferedTool[] {
  if (isMissing(value)) return [];
  const tools: OfferedTool[] = [];
  requireArray(value, 'tools').forEach((entry, index) => {
    const path = `tools[${index}]`;
    const tool = requireObject(entry, path);
    const type = requireString(tool['type'], `${path}.type`);
    if (PROVIDER_TOOLS.includes(type)) return;
    if (type !== 'function') throw invalidValue(`${path}.type`, type, ['function', ...PROVIDER_TOOLS]);
    const name = requireName(tool['name'], `${path}.name`, MAX_TOOL_NAME_LENGTH);
    refuseUnknownKeys(tool, TOOL_KEYS, path);
    tools.push(readFunctionTool({ name, details: tool, path }));
  });
  return tools;
}

function readToolChoice(value: unknown, tools: readonly OfferedTool[], hasTools: boolean): ToolChoice {
  const word = toolChoiceWord(value);
  if (word === 'required' && !hasTools)
    throw invalidInput("Tool choice 'required' must be specified with 'tools' parameter.", 'tool_choice');
  if (word !== undefined) return word;
  const choice = requireObject(value, 'tool_choice');
  const type = requireString(choice['type'], 'tool_choice.type');
  if (type === 'allowed_tools') return choice['mode'] === 'required' ? 'required' : 'auto';
  if (type !== 'function') return 'auto';
  const name = requireString(choice['name'], 'tool_choice.name');
  return chosenTool(name, tools);
}

function readFormat(value: unknown): JsonObject | undefined {
  const text = optionalObject(value, 'text');
  if (text === undefined) return undefined;
  refuseUnknownKeys(text, new Set(['format', 'verbosity']), 'text');
  optionalEnum(text['verbosity'], 'text.verbosity', ['low', 'medium', 'high']);
  const format = optionalObject(text['format'], 'text.format');
  if (format === undefined) return undefined;
  const type = requireString(format['type'], 'text.format.type');
  if (type === 'text') return undefined;
  if (type === 'json_object') return {};
  if (type !== 'json_schema')
    throw invalidValue('text.format.type', type, ['text', 'json_object', 'json_schema']);
  refuseUnknownKeys(format, new Set(['type', 'name', 'schema', 'strict', 'description']), 'text.format');
  const name = requireName(format['name'], 'text.format.name', 64);
  const schema = requireObject(format['schema'], 'text.format.schema');
  const isStrict = optionalBoolean(format['strict'], 'text.format.strict') === true;
  checkSchema(schema, isStrict, {
    name: `response_format '${name}'`,
    param: 'text.format.schema',
    code: 'invalid_json_schema',
  });
  return schema;
}

function readReasoning(value: unknown): ReasoningWish {
  const reasoning = optionalObject(value, 'reasoning');
  if (reasoning === undefined) return 'none';
  refuseUnknownKeys(
    reasoning,
    new Set(['effort', 'summary', 'generate_summary', 'context', 'mode']),
    'reasoning',
  );
  const effort = optionalEnum(reasoning['effort'], 'reasoning.effort', EFFORTS);
  const summary =
    optionalEnum(reasoning['summary'], 'reasoning.summary', SUMMARIES) ??
    optionalEnum(reasoning['generate_summary'], 'reasoning.generate_summary', SUMMARIES);
  if (effort === 'none') return 'none';
  return summary === undefined ? (effort === undefined ? 'none' : 'hidden') : 'visible';
}

function readInput(body: JsonObject): readonly unknown[] {
  const input = body['input'];
  if (typeof input === 'string') return [{ role: 'user', content: input }];
  if (!isMissing(input) && !Array.isArray(input)) throw invalidType('input', 'a string or an array', input);
  if (isMissing(input) || (input as unknown[]).length === 0) {
    const message =
      'One of "input" or "previous_response_id" or \'prompt\' or \'conversation_id\' must be provided.';
    throw new ApiError(400, { message, param: 'input', code: 'missing_required_parameter' });
  }
  return input as unknown[];
}

function refuseStoredState(body: JsonObject): void {
  const previous = optionalString(body['previous_response_id'], 'previous_response_id');
  if (previous !== undefined) {
    const message = `Previous response with id '${previous}' not found.`;
    throw new ApiError(400, { message, param: 'previous_response_id', code: 'previous_response_not_found' });
  }
  if (!isMissing(body['conversation'])) {
    const id = isObject(body['conversation']) ? body['conversation']['id'] : body['conversation'];
    throw new ApiError(404, {
      message: `Conversation with id '${String(id)}' not found.`,
      param: 'conversation',
    });
  }
}

/** @throws ApiError */
export function validateResponses(body: JsonObject): ModelRequest {
  refuseUnknownKeys(body, PARAMETERS, '');
  const model = requireString(body['model'], 'model');
  if (model === '') throw missingParameter('model');
  const isStored = optionalBoolean(body['store'], 'store') !== false;
  optionalNumber(body['temperature'], 'temperature', { min: 0, max: 2, kind: 'decimal' });
  optionalNumber(body['top_p'], 'top_p', { min: 0, max: 1, kind: 'decimal' });
  optionalNumber(body['top_logprobs'], 'top_logprobs', { min: 0, max: 20, kind: 'integer' });
  optionalBoolean(body['parallel_tool_calls'], 'parallel_tool_calls');
  optionalEnum(body['truncation'], 'truncation', ['auto', 'disabled']);
  if (!isMissing(body['include'])) {
    requireArray(body['include'], 'include').forEach((name, index) =>
      optionalEnum(name, `include[${index}]`, INCLUDABLE),
    );
  }
  refuseStoredState(body);
  const messages = readInput(body);
  const transcript = new Transcript();
  const instructions = optionalString(body['instructions'], 'instructions') ?? '';
  const replySchema = readFormat(body['text']);
  const tools = readTools(body['tools']);
  const texts = walkInput(messages, { transcript, isStored });
  return {
    api: 'openai-responses',
    model,
    stream: optionalBoolean(body['stream'], 'stream') === true,
    messages,
    transcript,
    instructions: [instructions, ...texts].join('\n'),
    tools,
    toolChoice: readToolChoice(
      body['tool_choice'],
      tools,
      Array.isArray(body['tools']) && body['tools'].length > 0,
    ),
    reasoning: readReasoning(body['reasoning']),
    replySchema,
    maxOutputTokens: optionalNumber(body['max_output_tokens'], 'max_output_tokens', {
      min: 16,
      max: 1e9,
      kind: 'integer',
    }),
    stopSequences: [],
  };
}
