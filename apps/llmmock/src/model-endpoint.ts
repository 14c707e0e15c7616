/**
 * Serves one request to one of the three model APIs, from its first byte to its ledger entry: authenticate, read,
 * validate, find the control, choose the fault, plan, play. A refusal at any point becomes an error in the API's own
 * shape. It keeps no state of conversations; only attempts (for faults), the ledger and metrics outlive a request.
 */
import { hash } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { ApiError } from './api-error';
import { Attempts } from './attempts';
import { chooseFault } from './choose-fault';
import { type Control, controlOfPrompt, parseControl } from './control';
import { effectiveControl } from './effective-control';
import type { Fault, StatusFault } from './fault';
import { isObject, type JsonObject } from './json-fields';
import { keptKeys, type Ledger, type LedgerEntry, ledgerText } from './ledger';
import type { LedgerTotals } from './ledger-totals';
import type { MockMetrics } from './metrics';
import type { ModelApi } from './model-api';
import type { ModelRequest } from './model-request';
import { isStructured, isSummary, planAnswer, stepNumber } from './plan-answer';
import { Playback } from './playback';
import { createRandom } from './random';
import { readBody } from './request-body';
import { type Script, streamScript, wholeScript } from './script';

export const CONTROL_HEADER = 'x-llmmock-control';
const MAX_ATTEMPT_KEYS = 100_000;
const STREAM_HEADERS = { 'content-type': 'text/event-stream; charset=utf-8', 'cache-control': 'no-cache' };
const JSON_HEADERS = { 'content-type': 'application/json' };

export interface ModelEndpointOptions {
  readonly defaults: Control;
  readonly seed: string;
  readonly apiKey: string | undefined;
  readonly maxBodyBytes: number;
  /** Twelve hexadecimal digits that no other running mock has. */
  readonly idPrefix: string;
  readonly nowMs: () => number;
  readonly ledger: Ledger;
  readonly totals: LedgerTotals;
  readonly metrics: MockMetrics;
}

interface Exchange {
  readonly api: ModelApi;
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly entry: LedgerEntry;
  readonly startedAt: number;
  readonly requestId: string;
  playback: Playback | undefined;
}

function statusFaultError(fault: StatusFault): ApiError {
  const retryAfterMs =
    fault.retry_after_ms ?? (fault.retry_after_s === undefined ? undefined : fault.retry_after_s * 1000);
  const headers: Record<string, string> = {};
  if (retryAfterMs !== undefined) {
    headers['retry-after'] = String(Math.ceil(retryAfterMs / 1000));
    if (fault.retry_after_ms !== undefined) headers['retry-after-ms'] = String(fault.retry_after_ms);
  }
  return new ApiError(fault.status, {
    message: fault.message ?? `llmmock: fault on request, status ${fault.status}`,
    type: fault.type,
    code: fault.code ?? (fault.status === 429 ? 'rate_limit_exceeded' : null),
    headers,
  });
}

export class ModelEndpoint {
  private readonly attempts = new Attempts(MAX_ATTEMPT_KEYS);
  private served = 0;
  /** From then on a connection that closes was closed by the mock. */
  isStopping = false;

  constructor(private readonly options: ModelEndpointOptions) {}

  forgetAttempts(): void {
    this.attempts.clear();
  }

  /** Never rejects. Resolves when the reply is being played, or was refused. */
  async serve(api: ModelApi, request: IncomingMessage, response: ServerResponse): Promise<void> {
    this.served += 1;
    const entry = this.options.ledger.open(api.name, this.options.nowMs());
    const requestId = `req_${this.options.idPrefix}${this.served.toString(16).padStart(12, '0')}`;
    const startedAt = performance.now();
    const exchange: Exchange = { api, request, response, entry, startedAt, requestId, playback: undefined };
    this.options.metrics.active.inc();
    response.once('close', () => this.close(exchange));
    try {
      api.authenticate(request.headers, this.options.apiKey);
      const { text, bytes } = await readBody(request, this.options.maxBodyBytes);
      entry.bytesReceived = bytes;
      this.answer(exchange, text);
    } catch (error) {
      this.refuse(exchange, error);
    }
  }

  private answer(exchange: Exchange, text: string): void {
    const { api, entry } = exchange;
    const body = this.parse(api, text);
    if (typeof body['model'] === 'string') entry.model = body['model'].slice(0, 200);
    const request = api.validate(body);
    const messagesJson = JSON.stringify(request.messages);
    this.record(entry, request, messagesJson);
    const { lastControlledText, lastUserText } = request.transcript;
    const header = exchange.request.headers[CONTROL_HEADER];
    const control = effectiveControl(request, {
      defaults: this.options.defaults,
      prompt: controlOfPrompt(isSummary(request) ? lastControlledText : lastUserText),
      header: typeof header === 'string' ? parseControl(header, `the header ${CONTROL_HEADER}`) : undefined,
    });
    entry.key = control.key ?? null;
    entry.step = stepNumber(control, request.transcript.toolResultsSinceUser);
    this.options.ledger.account(entry);
    const otherCharacters = JSON.stringify([body['tools'], body['instructions'], body['system']]).length;
    this.play(exchange, { request, body, control, otherCharacters });
  }

  private parse(api: ModelApi, text: string): JsonObject {
    let body: unknown;
    try {
      body = JSON.parse(text);
    } catch {
      throw new ApiError(400, { message: api.notJson });
    }
    if (!isObject(body)) throw new ApiError(400, { message: api.notJson });
    return body;
  }

  private record(entry: LedgerEntry, request: ModelRequest, messagesJson: string): void {
    entry.streamed = request.stream;
    entry.purpose = isSummary(request) ? 'summary' : isStructured(request) ? 'structured' : 'chat';
    entry.messageCount = request.messages.length;
    entry.promptSha256 = hash('sha256', messagesJson);
    const { lastUserText, userKeys, answerCharacters, toolResults } = request.transcript;
    entry.lastUserText = ledgerText(lastUserText);
    entry.userKeys = keptKeys(userKeys);
    entry.userKeyCount = userKeys.length;
    entry.answerCharacters = answerCharacters;
    entry.toolResults = toolResults;
  }

  private play(
    exchange: Exchange,
    {
      request,
      body,
      control,
      otherCharacters,
    }: { request: ModelRequest; body: JsonObject; control: Control; otherCharacters: number },
  ): void {
    const { api, entry, response } = exchange;
    const seed =
      control.seed === undefined ? `${this.options.seed}/${entry.id}` : `${control.seed}/${entry.step}`;
    const random = createRandom(seed);
    const fault = chooseFault(control, { step: entry.step, random, attempts: this.attempts });
    entry.fault = fault?.kind ?? null;
    if (fault?.kind === 'status') throw statusFaultError(fault);
    if (fault?.kind === 'stream_error' && !request.stream)
      throw new ApiError(500, { message: fault.message, type: fault.type });
    const answerId = exchange.requestId.slice('req_'.length);
    const answer = planAnswer({
      request,
      control,
      random,
      answerId,
      nowMs: entry.receivedAtMs,
      otherCharacters,
    });
    entry.usage = answer.usage;
    const isStream = request.stream && fault?.kind !== 'not_a_stream';
    const input = { control, fault, random };
    let script: Script;
    if (isStream) {
      const events = api.stream(answer, request, body);
      entry.chunksPlanned = events.chunks.length;
      script = streamScript(events, input);
    } else {
      entry.chunksPlanned = answer.blocks.reduce((sum, block) => sum + block.chunks.length, 0);
      script = wholeScript(api.whole(answer, request, body), entry.chunksPlanned, input);
    }
    entry.scheduleMs = script.scheduleMs;
    if (response.destroyed) return;
    exchange.playback = new Playback({
      response,
      script,
      status: 200,
      headers: { ...(isStream ? STREAM_HEADERS : JSON_HEADERS), ...this.replyHeaders(exchange, fault) },
      now: () => performance.now(),
      startedAt: exchange.startedAt,
      events: {
        onWrite: (chunks, bytes) => this.wrote(exchange, { chunks, bytes, status: 200 }),
        onEnd: () => this.ended(exchange),
      },
    });
    exchange.playback.start();
  }

  private replyHeaders(
    { api, requestId, startedAt, entry }: Exchange,
    fault: Fault | undefined,
  ): Record<string, string> {
    return {
      [api.requestIdHeader]: requestId,
      ...(api.name === 'anthropic'
        ? {}
        : { 'openai-processing-ms': String(Math.round(performance.now() - startedAt)) }),
      ...(fault === undefined ? {} : { 'x-llmmock-fault': fault.kind }),
      'x-llmmock-step': String(entry.step),
    };
  }

  private wrote(
    { entry }: Exchange,
    { chunks, bytes, status }: { chunks: number; bytes: number; status: number },
  ): void {
    entry.status = status;
    entry.firstByteAtMs ??= this.options.nowMs();
    entry.chunksSent += chunks;
    entry.bytesSent += bytes;
  }

  private ended(exchange: Exchange): void {
    exchange.entry.endedAtMs = this.options.nowMs();
    exchange.entry.durationMs = performance.now() - exchange.startedAt;
  }

  private refuse(exchange: Exchange, error: unknown): void {
    const { api, response, entry, requestId, request } = exchange;
    if (response.destroyed) return;
    const refusal =
      error instanceof ApiError
        ? error
        : new ApiError(500, {
            message: `llmmock: ${error instanceof Error ? error.message : String(error)}`,
          });
    entry.error = ledgerText(refusal.message);
    this.options.ledger.account(entry);
    const body = api.errorBody(refusal.status, refusal.details, requestId);
    const bytes = Buffer.byteLength(body);
    const headers: Record<string, string> = {
      ...JSON_HEADERS,
      [api.requestIdHeader]: requestId,
      ...refusal.details.headers,
      'content-length': String(bytes),
    };
    // A body that was not read to its end would be taken for the next request on this connection.
    if (!request.complete) headers['connection'] = 'close';
    response.writeHead(refusal.status, headers);
    response.end(body);
    this.wrote(exchange, { chunks: 0, bytes, status: refusal.status });
    this.ended(exchange);
  }

  /** The response is over: it was sent, or the client left. */
  private close(exchange: Exchange): void {
    const { entry, playback, response, startedAt } = exchange;
    playback?.stop();
    const isResetByFault = entry.fault === 'reset' && entry.endedAtMs !== null;
    if (!response.writableFinished && !isResetByFault) {
      const now = this.options.nowMs();
      if (!this.isStopping) entry.closedByClientAtMs = now;
      entry.endedAtMs ??= now;
      entry.durationMs ??= performance.now() - startedAt;
    }
    this.options.metrics.active.dec();
    this.options.metrics.observe(entry);
    this.options.totals.add(entry);
  }
}
