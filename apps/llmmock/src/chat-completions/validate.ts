/** What a Chat Completions request may say, refused as the real API refuses it; the mock serves one choice (`n` = 1). */
import { ApiError } from '../api-error';
import { isMissing, type JsonObject } from '../json-fields';
import { type ModelRequest, type OfferedTool, type ToolChoice, Transcript } from '../model-request';
import {
  invalidInput,
  invalidValue,
  optionalBoolean,
  optionalEnum,
  optionalNumber,
  optionalObject,
  refuseUnknownKeys,
  requireArray,
  requireName,
  requireObject,
  requireString,
} from '../openai-fields';
import { checkSchema } from '../openai-schema';
import { chosenTool, EFFORTS, readFunctionTool, toolChoiceWord } from '../openai-tools';
import { MAX_TOOL_NAME_LENGTH, walkMessages } from './messages';

const PARAMETERS = new Set(
  (
    'messages model audio frequency_penalty function_call functions logit_bias logprobs max_completion_tokens max_tokens metadata ' +
    'modalities moderation n parallel_tool_calls prediction presence_penalty prompt_cache_key prompt_cache_options ' +
    'prompt_cache_retention reasoning_effort response_format safety_identifier seed service_tier stop store stream stream_options ' +
    'temperature tool_choice tools top_logprobs top_p user verbosity web_search_options'
  ).split(' '),
);
const MAX_STOP_SEQUENCES = 4;

function emptyArray(path: string): ApiError {
  const message = `Invalid '${path}': empty array. Expected an array with minimum length 1, but got an empty array instead.`;
  return new ApiError(400, { message, param: path, code: 'empty_array' });
}

function readTools(body: JsonObject): OfferedTool[] {
  if (isMissing(body['tools'])) {
    for (const name of ['tool_choice', 'parallel_tool_calls']) {
      if (!isMissing(body[name]))
        throw invalidInput(
          `Invalid value for '${name}': '${name}' is only allowed when 'tools' are specified.`,
          name,
        );
    }
    return [];
  }
  const entries = requireArray(body['tools'], 'tools');
  if (entries.length === 0) throw emptyArray('tools');
  return entries.map((entry, index) => {
    const path = `tools[${index}]`;
    const tool = requireObject(entry, path);
    const type = requireString(tool['type'], `${path}.type`);
    if (type !== 'function') throw invalidValue(`${path}.type`, type, ['function']);
    refuseUnknownKeys(tool, new Set(['type', 'function']), path);
    const details = requireObject(tool['function'], `${path}.function`);
    refuseUnknownKeys(details, new Set(['name', 'description', 'parameters', 'strict']), `${path}.function`);
    const name = requireName(details['name'], `${path}.function.name`, MAX_TOOL_NAME_LENGTH);
    return readFunctionTool({ name, details, path: `${path}.function` });
  });
}

function readToolChoice(value: unknown, tools: readonly OfferedTool[]): ToolChoice {
  const word = toolChoiceWord(value);
  if (word !== undefined) return word;
  const choice = requireObject(value, 'tool_choice');
  const type = requireString(choice['type'], 'tool_choice.type');
  if (type === 'allowed_tools') {
    return requireObject(choice['allowed_tools'], 'tool_choice.allowed_tools')['mode'] === 'required'
      ? 'required'
      : 'auto';
  }
  if (type !== 'function') throw invalidValue('tool_choice.type', type, ['function', 'allowed_tools']);
  const name = requireString(
    requireObject(choice['function'], 'tool_choice.function')['name'],
    'tool_choice.function.name',
  );
  return chosenTool(name, tools);
}

function readFormat(value: unknown, messagesText: () => string): JsonObject | undefined {
  const format = optionalObject(value, 'response_format');
  if (format === undefined) return undefined;
  const type = requireString(format['type'], 'response_format.type');
  if (type === 'text') return undefined;
  if (type === 'json_object') {
    if (/json/i.test(messagesText())) return {};
    throw invalidInput(
      "'messages' must contain the word 'json' in some form, to use 'response_format' of type 'json_object'.",
      'messages',
    );
  }
  if (type !== 'json_schema')
    throw invalidValue('response_format.type', type, ['json_object', 'json_schema', 'text']);
  refuseUnknownKeys(format, new Set(['type', 'json_schema']), 'response_format');
  const path = 'response_format.json_schema';
  const details = requireObject(format['json_schema'], path);
  refuseUnknownKeys(details, new Set(['name', 'schema', 'strict', 'description']), path);
  const name = requireName(details['name'], `${path}.name`, 64);
  const schema = optionalObject(details['schema'], `${path}.schema`) ?? { type: 'object' };
  const isStrict = optionalBoolean(details['strict'], `${path}.strict`) === true;
  checkSchema(schema, isStrict, {
    name: `response_format '${name}'`,
    param: 'response_format',
    code: 'invalid_json_schema',
  });
  return schema;
}

function readStop(value: unknown): string[] {
  if (isMissing(value)) return [];
  if (typeof value === 'string') return value === '' ? [] : [value];
  const stops = requireArray(value, 'stop').map((stop, index) => requireString(stop, `stop[${index}]`));
  if (stops.length > MAX_STOP_SEQUENCES) {
    const message = `Invalid 'stop': array too long. Expected an array with maximum length 4, but got an array with length ${stops.length} instead.`;
    throw new ApiError(400, { message, param: 'stop', code: 'array_above_max_length' });
  }
  return stops.filter((stop) => stop !== '');
}

function checkNumbers(body: JsonObject): void {
  optionalNumber(body['temperature'], 'temperature', { min: 0, max: 2, kind: 'decimal' });
  optionalNumber(body['top_p'], 'top_p', { min: 0, max: 1, kind: 'decimal' });
  optionalNumber(body['frequency_penalty'], 'frequency_penalty', { min: -2, max: 2, kind: 'decimal' });
  optionalNumber(body['presence_penalty'], 'presence_penalty', { min: -2, max: 2, kind: 'decimal' });
  optionalNumber(body['seed'], 'seed', { min: -9.3e18, max: 9.3e18, kind: 'integer' });
  optionalNumber(body['n'], 'n', { min: 1, max: 1, kind: 'integer' });
}

function readOutputLimit(body: JsonObject): number | undefined {
  const bounds = { min: 1, max: 1e9, kind: 'integer' } as const;
  const older = optionalNumber(body['max_tokens'], 'max_tokens', bounds);
  const newer = optionalNumber(body['max_completion_tokens'], 'max_completion_tokens', bounds);
  if (older !== undefined && newer !== undefined) {
    const message = "Setting 'max_tokens' and 'max_completion_tokens' at the same time is not supported.";
    throw new ApiError(400, { message, param: 'max_tokens', code: 'invalid_parameter_combination' });
  }
  return newer ?? older;
}

function checkStreamOptions(body: JsonObject, isStream: boolean): void {
  const options = optionalObject(body['stream_options'], 'stream_options');
  if (options === undefined) return;
  if (!isStream)
    throw invalidInput(
      "The 'stream_options' parameter is only allowed when 'stream' is enabled.",
      'stream_options',
    );
  refuseUnknownKeys(options, new Set(['include_usage', 'include_obfuscation']), 'stream_options');
  optionalBoolean(options['include_usage'], 'stream_options.include_usage');
}

/** @throws ApiError (400) */
export function validateChatCompletions(body: JsonObject): ModelRequest {
  for (const key in body) {
    if (!PARAMETERS.has(key))
      throw new ApiError(400, { message: `Unrecognized request argument supplied: ${key}` });
  }
  if (isMissing(body['model']) || body['model'] === '')
    throw new ApiError(400, { message: 'you must provide a model parameter' });
  const model = requireString(body['model'], 'model');
  checkNumbers(body);
  optionalEnum(body['reasoning_effort'], 'reasoning_effort', EFFORTS);
  const stream = optionalBoolean(body['stream'], 'stream') === true;
  checkStreamOptions(body, stream);
  const messages = requireArray(body['messages'], 'messages');
  if (messages.length === 0) throw emptyArray('messages');
  const tools = readTools(body);
  const transcript = new Transcript();
  const replySchema = readFormat(body['response_format'], () => JSON.stringify(messages));
  const maxOutputTokens = readOutputLimit(body);
  const instructions = walkMessages(messages, transcript);
  return {
    api: 'chat-completions',
    model,
    stream,
    messages,
    transcript,
    instructions: instructions.join('\n'),
    tools,
    toolChoice: readToolChoice(body['tool_choice'], tools),
    reasoning: 'none',
    replySchema,
    maxOutputTokens,
    stopSequences: readStop(body['stop']),
  };
}
