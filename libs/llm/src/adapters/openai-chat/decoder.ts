/**
 * The chunks of one Chat Completions answer as parts. What an answer consists of ends without notice here: reasoning ends where
 * something else begins, calls are whole when the finish reason comes, usage follows that. So the finish is emitted at `[DONE]`, or where
 * the body ends if a server leaves that out.
 *
 * Servers other than OpenAI's tell reasoning, under names of their own, and some refuse a call that comes back without what belonged to it:
 * its reasoning (DeepSeek, Moonshot), signed details of it (OpenRouter), a signature of the call (Google). All that is kept as a seal.
 */
import type { MessageUsage } from '@parley/contracts';
import { isJsonObject, parseJson, stringAt, valueAt } from '../../json';
import type { FinishReason, ProviderMetadata } from '../../model-client';
import { MalformedEventError, ReportedError } from '../../provider-errors';
import type { ServerSentEvent } from '../../transport/sse-splitter';
import type { Emit, StreamDecoder } from '../../transport/stream-parts';
import { type SealMaker, sealedBy } from '../seals';
import { countAt, openAiUsage } from '../usage';
import { REASONING_FIELDS, ReasoningDetails } from './reasoning';

interface OpenCall {
  readonly toolCallId: string;
  readonly toolName: string;
  readonly args: string[];
  /** What else the server has said of the call. */
  extra: unknown;
}

export class ChatDecoder implements StreamDecoder {
  isFinished = false;
  private open: 'none' | 'reasoning' | 'text' = 'none';
  private reasoningField: string = REASONING_FIELDS[0];
  private readonly details = new ReasoningDetails();
  private isRefused = false;
  private readonly calls = new Map<number, OpenCall>();
  private responseId: string | undefined;
  private reason: FinishReason | undefined;
  private usage: MessageUsage | undefined;

  constructor(private readonly maker: SealMaker) {}

  decode({ data }: ServerSentEvent, emit: Emit): void {
    if (data === '[DONE]') {
      this.end(emit);
      return;
    }
    const chunk = parseJson(data);
    if (!isJsonObject(chunk)) throw new MalformedEventError(data);
    if (chunk['error'] != null) throw new ReportedError(chunk['error']);
    this.responseId ??= stringAt(chunk, 'id');
    const usage = chunk['usage'];
    if (isJsonObject(usage)) this.usage = readUsage(usage);
    const choice: unknown = Array.isArray(chunk['choices']) ? chunk['choices'][0] : undefined;
    this.delta(valueAt(choice, 'delta'), emit);
    const finishReason = stringAt(choice, 'finish_reason');
    if (finishReason !== undefined) this.reason ??= this.reasonOf(finishReason);
  }

  end(emit: Emit): boolean {
    if (this.isFinished) return true;
    if (this.reason === undefined) return false;
    this.close(emit);
    for (const { toolCallId, toolName, args, extra } of this.calls.values()) {
      emit({ type: 'tool-call', toolCallId, toolName, args: args.join(''), ...this.sealOfCall(extra) });
    }
    if (this.usage !== undefined) emit({ type: 'usage', usage: this.usage });
    const { reason, responseId } = this;
    emit({ type: 'finish', reason, ...(responseId !== undefined && { responseId }) });
    this.isFinished = true;
    return true;
  }

  private delta(delta: unknown, emit: Emit): void {
    this.details.add(valueAt(delta, 'reasoning_details'));
    const field = REASONING_FIELDS.find((name) => (stringAt(delta, name) ?? '') !== '');
    if (field !== undefined) {
      this.reasoningField = field;
      if (this.open !== 'reasoning') {
        this.close(emit);
        this.open = 'reasoning';
        emit({ type: 'reasoning-start' });
      }
      emit({ type: 'reasoning-delta', text: stringAt(delta, field) ?? '' });
    }
    const refusal = stringAt(delta, 'refusal');
    // Some servers send an empty one with every answer.
    this.isRefused ||= refusal !== undefined && refusal !== '';
    const text = (stringAt(delta, 'content') ?? '') + (refusal ?? '');
    if (text !== '') {
      if (this.open !== 'text') this.close(emit);
      this.open = 'text';
      emit({ type: 'text-delta', text });
    }
    const calls = valueAt(delta, 'tool_calls');
    if (Array.isArray(calls))
      calls.forEach((call: unknown, position) => this.callDelta(call, position, emit));
  }

  private callDelta(call: unknown, position: number, emit: Emit): void {
    // A few servers leave out the index and send whole calls.
    const index =
      typeof valueAt(call, 'index') === 'number' ? countAt(call, 'index') : this.calls.size + position;
    const details = valueAt(call, 'function');
    let open = this.calls.get(index);
    if (open === undefined) {
      this.close(emit);
      open = {
        toolCallId: this.uniqueId(stringAt(call, 'id') ?? '', index),
        toolName: stringAt(details, 'name') ?? '',
        args: [],
        extra: undefined,
      };
      this.calls.set(index, open);
      emit({ type: 'tool-call-start', toolCallId: open.toolCallId, toolName: open.toolName });
    }
    open.extra = valueAt(call, 'extra_content') ?? open.extra;
    const argsDelta = stringAt(details, 'arguments') ?? '';
    if (argsDelta === '') return;
    open.args.push(argsDelta);
    emit({ type: 'tool-call-delta', toolCallId: open.toolCallId, argsDelta });
  }

  /** Compatible servers leave the id out or give the same one to parallel calls. */
  private uniqueId(id: string, index: number): string {
    if (id === '') return `call_${this.responseId ?? ''}_${index}`;
    const isTaken = [...this.calls.values()].some(({ toolCallId }) => toolCallId === id);
    return isTaken ? `${id}_${index}` : id;
  }

  /** The details of an answer's reasoning go with its first call: without a call nobody asks for them. */
  private sealOfCall(extra: unknown): { providerMetadata?: ProviderMetadata } {
    const details = this.details.take();
    if (extra === undefined && details.length === 0) return {};
    const seal = {
      ...(extra !== undefined && { extra_content: extra }),
      ...(details.length > 0 && { reasoning_details: details }),
    };
    return { providerMetadata: sealedBy('chat', this.maker, seal) };
  }

  private close(emit: Emit): void {
    if (this.open === 'reasoning') {
      const seal = { reasoning_field: this.reasoningField };
      emit({ type: 'reasoning-end', providerMetadata: sealedBy('chat', this.maker, seal) });
    }
    if (this.open === 'text') emit({ type: 'text-end' });
    this.open = 'none';
  }

  private reasonOf(finishReason: string): FinishReason {
    switch (finishReason) {
      case 'stop':
      case 'tool_calls':
      case 'function_call':
        if (this.calls.size > 0) return 'tool-calls';
        return this.isRefused ? 'content-filter' : 'stop';
      case 'length':
        return 'length';
      case 'content_filter':
        return 'content-filter';
      default:
        return 'other';
    }
  }
}

function readUsage(usage: unknown): MessageUsage {
  return openAiUsage({
    input: countAt(usage, 'prompt_tokens'),
    output: countAt(usage, 'completion_tokens'),
    cached: countAt(valueAt(usage, 'prompt_tokens_details'), 'cached_tokens'),
    cacheWrites: countAt(valueAt(usage, 'prompt_tokens_details'), 'cache_write_tokens'),
    reasoning: countAt(valueAt(usage, 'completion_tokens_details'), 'reasoning_tokens'),
  });
}
