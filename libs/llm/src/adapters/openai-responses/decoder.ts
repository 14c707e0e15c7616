/**
 * The events of one Responses answer as parts. Items are followed by `output_index`; what an item carries for replay (ids, encrypted
 * content) comes with its `output_item.done`. Events of unknown types are skipped: the API grows.
 */
import type { MessageUsage } from '@parley/contracts';
import { type JsonObject, isJsonObject, parseJson, stringAt, valueAt } from '../../json';
import type { FinishReason, ProviderMetadata } from '../../model-client';
import { MalformedEventError, ReportedError } from '../../provider-errors';
import type { ServerSentEvent } from '../../transport/sse-splitter';
import type { Emit, StreamDecoder } from '../../transport/stream-parts';
import { countAt, openAiUsage } from '../usage';

interface OpenItem {
  readonly callId: string | undefined;
  hasText: boolean;
}

export class ResponsesDecoder implements StreamDecoder {
  isFinished = false;
  private readonly items = new Map<number, OpenItem>();
  private hasToolCalls = false;
  private isRefused = false;
  private responseId: string | undefined;

  constructor(private readonly providerId: string) {}

  decode({ data }: ServerSentEvent, emit: Emit): void {
    const event = parseJson(data);
    if (!isJsonObject(event)) {
      if (data === '[DONE]') return;
      throw new MalformedEventError(data);
    }
    switch (event['type']) {
      case 'response.created':
        this.responseId = stringAt(event['response'], 'id');
        return;
      case 'response.content_part.added':
        this.isRefused ||= stringAt(event['part'], 'type') === 'refusal';
        return;
      case 'response.output_text.delta':
      case 'response.refusal.delta':
        return this.textDelta(event, emit);
      case 'response.reasoning_summary_text.delta':
      case 'response.reasoning_text.delta':
        return this.reasoningDelta(event, emit);
      case 'response.function_call_arguments.delta':
        return this.argumentsDelta(event, emit);
      case 'response.reasoning_summary_part.added':
        if (countAt(event, 'summary_index') > 0) emit({ type: 'reasoning-delta', text: '\n\n' });
        return;
      case 'response.output_item.added':
        return this.itemAdded(event, emit);
      case 'response.output_item.done':
        return this.itemDone(event, emit);
      case 'response.output_text.annotation.added':
        return citation(event['annotation'], emit);
      case 'response.completed':
      case 'response.incomplete':
        return this.finish(event['response'], emit);
      case 'response.failed':
        throw new ReportedError(valueAt(event['response'], 'error'));
      case 'error':
        throw new ReportedError(event['error'] ?? event);
      default:
    }
  }

  end(): boolean {
    return this.isFinished;
  }

  private textDelta(event: JsonObject, emit: Emit): void {
    const item = this.items.get(countAt(event, 'output_index'));
    if (item !== undefined) item.hasText = true;
    emit({ type: 'text-delta', text: stringAt(event, 'delta') ?? '' });
  }

  private reasoningDelta(event: JsonObject, emit: Emit): void {
    emit({ type: 'reasoning-delta', text: stringAt(event, 'delta') ?? '' });
  }

  private argumentsDelta(event: JsonObject, emit: Emit): void {
    const toolCallId = this.items.get(countAt(event, 'output_index'))?.callId;
    if (toolCallId === undefined) return;
    emit({ type: 'tool-call-delta', toolCallId, argsDelta: stringAt(event, 'delta') ?? '' });
  }

  private itemAdded(event: JsonObject, emit: Emit): void {
    const item = event['item'];
    const type = stringAt(item, 'type');
    const callId = type === 'function_call' ? stringAt(item, 'call_id') : undefined;
    this.items.set(countAt(event, 'output_index'), { callId, hasText: false });
    if (type === 'reasoning') emit({ type: 'reasoning-start' });
    if (callId !== undefined) {
      emit({ type: 'tool-call-start', toolCallId: callId, toolName: stringAt(item, 'name') ?? '' });
    }
  }

  private itemDone(event: JsonObject, emit: Emit): void {
    const item = event['item'];
    switch (stringAt(item, 'type')) {
      case 'message': {
        const hasText = this.items.get(countAt(event, 'output_index'))?.hasText ?? false;
        // Some gateways send whole items only.
        if (!hasText) emit({ type: 'text-delta', text: wholeText(item) });
        emit({ type: 'text-end', providerMetadata: this.metadata(item, ['phase']) });
        return;
      }
      case 'reasoning':
        emit({ type: 'reasoning-end', providerMetadata: this.metadata(item, ['encrypted_content']) });
        return;
      case 'function_call':
        this.hasToolCalls = true;
        emit({
          type: 'tool-call',
          toolCallId: stringAt(item, 'call_id') ?? '',
          toolName: stringAt(item, 'name') ?? '',
          args: stringAt(item, 'arguments') ?? '',
          providerMetadata: this.metadata(item, []),
        });
        return;
      case 'web_search_call':
        return this.searched(item, emit);
      default:
    }
  }

  /** Of a search the provider tells what it looked for and how that ended; what it found shows in citations. */
  private searched(item: unknown, emit: Emit): void {
    const [toolCallId, toolName] = [stringAt(item, 'id') ?? '', 'web_search'];
    if (toolCallId === '') return;
    const providerMetadata = this.metadata(item, []);
    const args = JSON.stringify(valueAt(item, 'action') ?? {});
    const status = stringAt(item, 'status') ?? 'completed';
    const isError = status === 'failed';
    emit({ type: 'tool-call', toolCallId, toolName, args, isProviderExecuted: true, providerMetadata });
    emit({ type: 'provider-result', toolCallId, toolName, result: { status }, isError, providerMetadata });
  }

  private metadata(item: unknown, keys: readonly string[]): ProviderMetadata {
    const kept = keys.flatMap((key) => {
      const value = stringAt(item, key);
      return value === undefined ? [] : [[key, value] as const];
    });
    return {
      openai: {
        provider_id: this.providerId,
        ...(this.responseId !== undefined && { response_id: this.responseId }),
        item_id: stringAt(item, 'id'),
        ...Object.fromEntries(kept),
      },
    };
  }

  private finish(response: unknown, emit: Emit): void {
    const usage = usageOf(response);
    if (usage !== undefined) emit({ type: 'usage', usage });
    const responseId = stringAt(response, 'id');
    emit({
      type: 'finish',
      reason: this.reasonOf(response),
      ...(responseId !== undefined && { responseId }),
    });
    this.isFinished = true;
  }

  private reasonOf(response: unknown): FinishReason {
    switch (stringAt(valueAt(response, 'incomplete_details'), 'reason')) {
      case undefined:
        if (stringAt(response, 'status') === 'incomplete') return 'other';
        if (this.hasToolCalls) return 'tool-calls';
        return this.isRefused ? 'content-filter' : 'stop';
      case 'max_output_tokens':
        return 'length';
      case 'content_filter':
        return 'content-filter';
      default:
        return 'other';
    }
  }
}

function usageOf(response: unknown): MessageUsage | undefined {
  const usage = valueAt(response, 'usage');
  if (!isJsonObject(usage)) return undefined;
  return openAiUsage({
    input: countAt(usage, 'input_tokens'),
    output: countAt(usage, 'output_tokens'),
    cached: countAt(usage['input_tokens_details'], 'cached_tokens'),
    cacheWrites: countAt(usage['input_tokens_details'], 'cache_write_tokens'),
    reasoning: countAt(usage['output_tokens_details'], 'reasoning_tokens'),
  });
}

function wholeText(item: unknown): string {
  const content = valueAt(item, 'content');
  if (!Array.isArray(content)) return '';
  return content.map((part: unknown) => stringAt(part, 'text') ?? stringAt(part, 'refusal') ?? '').join('');
}

function citation(annotation: unknown, emit: Emit): void {
  const url = stringAt(annotation, 'url');
  if (url === undefined) return;
  const title = stringAt(annotation, 'title');
  emit({ type: 'source', url, ...(title !== undefined && { title }) });
}
