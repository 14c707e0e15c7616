/**
 * Which path is what: the model APIs, their model lists, and the mock's own pages (`/ledger`, `/ledger/summary`,
 * `/healthz`, `/metrics`). A wrong path is 404 and a wrong method 405, in the error shape of the API that was meant.
 */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { anthropicErrorBody } from './anthropic/error-body';
import { ApiError } from './api-error';
import type { Ledger } from './ledger';
import { ledgerEntryJson } from './ledger-json';
import type { LedgerTotals } from './ledger-totals';
import type { MockMetrics } from './metrics';
import { anthropicApi, authenticateAnthropic, authenticateOpenAi, MODEL_APIS } from './model-api';
import type { ModelEndpoint } from './model-endpoint';
import { modelBody, modelListBody } from './model-list';
import { openAiErrorBody } from './openai-error';

const DEFAULT_PAGE = 100;
const MAX_PAGE = 10_000;

export interface RouterOptions {
  readonly endpoint: ModelEndpoint;
  readonly ledger: Ledger;
  readonly totals: LedgerTotals;
  readonly metrics: MockMetrics;
  readonly models: readonly string[];
  readonly apiKey: string | undefined;
}

interface Reply {
  readonly status: number;
  readonly body: string;
  readonly contentType?: string;
  readonly headers?: Readonly<Record<string, string>> | undefined;
}

function send(
  response: ServerResponse,
  { status, body, contentType = 'application/json', headers }: Reply,
): void {
  response.writeHead(status, {
    'content-type': contentType,
    'content-length': String(Buffer.byteLength(body)),
    ...headers,
  });
  response.end(body);
}

function isAnthropicRequest(request: IncomingMessage, path: string): boolean {
  return path.startsWith(anthropicApi.path) || request.headers['anthropic-version'] !== undefined;
}

function wrongMethod(method: string, path: string, allowed: string): ApiError {
  const message = `Not allowed to ${method} on ${path}. (HINT: Perhaps you meant to use a different HTTP method?)`;
  return new ApiError(405, {
    message,
    code: 'method_not_supported',
    type: 'invalid_request_error',
    headers: { allow: allowed },
  });
}

function wholeNumber(query: URLSearchParams, name: string, fallback: number, max: number): number {
  const text = query.get(name);
  if (text === null) return fallback;
  const value = Number(text);
  if (!/^\d{1,15}$/.test(text) || value > max) {
    throw new ApiError(400, {
      message: `${name}: must be a whole number from 0 to ${max}`,
      param: name,
      code: 'invalid_value',
    });
  }
  return value;
}

export class Router {
  constructor(private readonly options: RouterOptions) {}

  /** Never rejects. */
  async route(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const url = new URL(request.url ?? '/', 'http://llmmock');
    const path = url.pathname.length > 1 ? url.pathname.replace(/\/+$/, '') : url.pathname;
    const api = MODEL_APIS.find((candidate) => candidate.path === path);
    if (api !== undefined && request.method === 'POST')
      return this.options.endpoint.serve(api, request, response);
    request.resume();
    try {
      send(response, await this.reply(request, path, url.searchParams));
    } catch (error) {
      const refusal = error instanceof ApiError ? error : new ApiError(500, { message: String(error) });
      const { status, details } = refusal;
      const body = isAnthropicRequest(request, path)
        ? anthropicErrorBody(status, details, 'req_none')
        : openAiErrorBody(status, details);
      send(response, { status, body, headers: details.headers });
    }
  }

  private async reply(request: IncomingMessage, path: string, query: URLSearchParams): Promise<Reply> {
    const method = request.method ?? 'GET';
    const only = (allowed: string): void => {
      if (method !== allowed && !(method === 'HEAD' && allowed === 'GET'))
        throw wrongMethod(method, path, allowed);
    };
    switch (path) {
      case '/healthz':
        only('GET');
        return { status: 200, body: '{"status":"ok"}' };
      case '/metrics':
        only('GET');
        return {
          status: 200,
          body: await this.options.metrics.registry.metrics(),
          contentType: this.options.metrics.registry.contentType,
        };
      case '/ledger':
        return this.ledger(method, query);
      case '/ledger/summary':
        only('GET');
        return { status: 200, body: JSON.stringify(this.summary()) };
      case '/v1/models':
        only('GET');
        this.authenticate(request);
        return { status: 200, body: modelListBody(this.options.models, isAnthropicRequest(request, path)) };
      default:
        if (MODEL_APIS.some((api) => api.path === path)) throw wrongMethod(method, path, 'POST');
        if (path.startsWith('/v1/models/')) {
          only('GET');
          this.authenticate(request);
          const id = decodeURIComponent(path.slice('/v1/models/'.length));
          return { status: 200, body: modelBody(this.options.models, id, isAnthropicRequest(request, path)) };
        }
        throw new ApiError(404, { message: `Invalid URL (${method} ${path})` });
    }
  }

  private authenticate(request: IncomingMessage): void {
    const check =
      request.headers['anthropic-version'] === undefined ? authenticateOpenAi : authenticateAnthropic;
    check(request.headers, this.options.apiKey);
  }

  private ledger(method: string, query: URLSearchParams): Reply {
    const { ledger, totals, endpoint } = this.options;
    if (method === 'DELETE') {
      ledger.clear();
      totals.clear();
      endpoint.forgetAttempts();
      return { status: 200, body: '{"cleared":true}' };
    }
    if (method !== 'GET') throw wrongMethod(method, '/ledger', 'GET, DELETE');
    const after = wholeNumber(query, 'after', 0, Number.MAX_SAFE_INTEGER);
    const entries = ledger.list({
      key: query.get('key') ?? undefined,
      after,
      limit: wholeNumber(query, 'limit', DEFAULT_PAGE, MAX_PAGE),
    });
    const body = {
      entries: entries.map(ledgerEntryJson),
      next_after: entries.at(-1)?.id ?? after,
      dropped: ledger.dropped,
    };
    return { status: 200, body: JSON.stringify(body) };
  }

  private summary(): object {
    const { ledger, totals } = this.options;
    return { ...totals.toJson(), entries: ledger.count, dropped: ledger.dropped };
  }
}
