/** What both OpenAI APIs check of function tools and of the choice among them, wherever in the request these stand. */
import { isMissing, type JsonObject } from './json-fields';
import type { OfferedTool, ToolChoice } from './model-request';
import { invalidInput, invalidValue, optionalBoolean, optionalObject, optionalString } from './openai-fields';
import { checkSchema } from './openai-schema';

export const EFFORTS = ['none', 'minimal', 'low', 'medium', 'high', 'xhigh', 'max'];

/** `details` is where name, description and parameters stand; `path` leads there. @throws ApiError (400) */
export function readFunctionTool(tool: {
  readonly name: string;
  readonly details: JsonObject;
  readonly path: string;
}): OfferedTool {
  const { name, details, path } = tool;
  optionalString(details['description'], `${path}.description`);
  const isStrict = optionalBoolean(details['strict'], `${path}.strict`) === true;
  const param = `${path}.parameters`;
  const schema = optionalObject(details['parameters'], param);
  if (schema !== undefined) {
    const use = { name: `function '${name}'`, param, code: 'invalid_function_parameters' };
    checkSchema(schema, isStrict, use);
  }
  return { name, schema: schema ?? { type: 'object' } };
}

/** The choice when it is a word, `auto` when it is none; undefined when it is an object. @throws ApiError (400) */
export function toolChoiceWord(value: unknown): 'none' | 'auto' | 'required' | undefined {
  if (isMissing(value)) return 'auto';
  if (typeof value !== 'string') return undefined;
  if (value !== 'none' && value !== 'auto' && value !== 'required')
    throw invalidValue('tool_choice', value, ['none', 'auto', 'required']);
  return value;
}

/** @throws ApiError (400) when no such tool is offered */
export function chosenTool(name: string, tools: readonly OfferedTool[]): ToolChoice {
  if (!tools.some((tool) => tool.name === name))
    throw invalidInput("Tool choice 'function' not found in 'tools' parameter.", 'tool_choice');
  return { name };
}
