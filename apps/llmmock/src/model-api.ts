/**
 * The three APIs behind one interface: how each names its path, refuses, checks and renders. Everything else (control,
 * plan, pacing, faults, ledger) is the same for all.
 */
import type { IncomingHttpHeaders } from 'node:http';
import { anthropicErrorBody } from './anthropic/error-body';
import { streamMessage } from './anthropic/stream';
import { validateMessages } from './anthropic/validate';
import { wholeMessage } from './anthropic/content';
import type { Answer, EventStream } from './answer';
import { ApiError, type ApiErrorDetails } from './api-error';
import { wholeCompletion } from './chat-completions/completion';
import { streamCompletion } from './chat-completions/stream';
import { validateChatCompletions } from './chat-completions/validate';
import type { JsonObject } from './json-fields';
import type { ApiName, ModelRequest } from './model-request';
import { openAiErrorBody } from './openai-error';
import { streamResponse, wholeResponse } from './openai-responses/stream';
import { validateResponses } from './openai-responses/validate';

export interface ModelApi {
  readonly name: ApiName;
  readonly path: string;
  readonly requestIdHeader: string;
  /** @throws ApiError (401, or 400 for a header the API requires) */
  readonly authenticate: (headers: IncomingHttpHeaders, apiKey: string | undefined) => void;
  readonly notJson: string;
  /** @throws ApiError */
  readonly validate: (body: JsonObject) => ModelRequest;
  readonly stream: (answer: Answer, request: ModelRequest, body: JsonObject) => EventStream;
  readonly whole: (answer: Answer, request: ModelRequest, body: JsonObject) => string;
  readonly errorBody: (status: number, details: ApiErrorDetails, requestId: string) => string;
}

function bearerToken(headers: IncomingHttpHeaders): string | undefined {
  return /^Bearer\s+(\S+)$/i.exec(headers.authorization ?? '')?.[1];
}

export function authenticateOpenAi(headers: IncomingHttpHeaders, apiKey: string | undefined): void {
  const token = bearerToken(headers);
  if (token === undefined) {
    throw new ApiError(401, {
      message:
        "You didn't provide an API key. You need to provide your API key in an Authorization header using Bearer auth (i.e. Authorization: Bearer YOUR_KEY).",
    });
  }
  if (apiKey !== undefined && token !== apiKey) {
    const shown = `${token.slice(0, 3)}***${token.slice(-2)}`;
    throw new ApiError(401, { message: `Incorrect API key provided: ${shown}.`, code: 'invalid_api_key' });
  }
}

export function authenticateAnthropic(headers: IncomingHttpHeaders, apiKey: string | undefined): void {
  const given = headers['x-api-key'] ?? bearerToken(headers);
  if (given === undefined || given === '')
    throw new ApiError(401, { message: 'x-api-key header is required' });
  if (apiKey !== undefined && given !== apiKey) throw new ApiError(401, { message: 'invalid x-api-key' });
  if (headers['anthropic-version'] === undefined)
    throw new ApiError(400, { message: 'anthropic-version: header is required' });
}

const OPENAI_NOT_JSON =
  "We could not parse the JSON body of your request. (HINT: This likely means you aren't using your HTTP library correctly. " +
  'The OpenAI API expects a JSON payload.)';

const openAi = {
  requestIdHeader: 'x-request-id',
  authenticate: authenticateOpenAi,
  notJson: OPENAI_NOT_JSON,
  errorBody: openAiErrorBody,
};

export const responsesApi: ModelApi = {
  ...openAi,
  name: 'openai-responses',
  path: '/v1/responses',
  validate: validateResponses,
  stream: streamResponse,
  whole: wholeResponse,
};

export const chatCompletionsApi: ModelApi = {
  ...openAi,
  name: 'chat-completions',
  path: '/v1/chat/completions',
  validate: validateChatCompletions,
  stream: (answer, _request, body) => streamCompletion(answer, body),
  whole: wholeCompletion,
};

export const anthropicApi: ModelApi = {
  name: 'anthropic',
  path: '/v1/messages',
  requestIdHeader: 'request-id',
  authenticate: authenticateAnthropic,
  notJson: 'The request body is not valid JSON',
  validate: validateMessages,
  stream: (answer, request) => streamMessage(answer, request.reasoning === 'hidden'),
  whole: (answer, request) => wholeMessage(answer, request.reasoning === 'hidden'),
  errorBody: anthropicErrorBody,
};

export const MODEL_APIS: readonly ModelApi[] = [responsesApi, chatCompletionsApi, anthropicApi];
