/**
 * The events of one Messages answer as parts. Content comes in blocks, each started and stopped; a signature arrives at the end of
 * its thinking block. Usage is counted from two events: the first knows the input, the last the output. Of the tools that the
 * provider itself runs only web search is known; blocks of others are skipped.
 */
import type { MessageUsage } from '@parley/contracts';
import { type JsonObject, isJsonObject, parseJson, stringAt, valueAt } from '../../json';
import type { FinishReason } from '../../model-client';
import { MalformedEventError, ReportedError } from '../../provider-errors';
import type { ServerSentEvent } from '../../transport/sse-splitter';
import type { Emit, StreamDecoder } from '../../transport/stream-parts';
import { countAt, messageUsage } from '../usage';
import { type SealMaker, sealedBy } from '../seals';
import { searchResultPart } from './search-result';
import { WEB_SEARCH } from './tools';

type Block =
  | { readonly type: 'text' }
  | { readonly type: 'thinking'; signature: string }
  | { readonly type: 'redacted'; readonly data: string }
  | {
      readonly type: 'tool';
      readonly toolCallId: string;
      readonly toolName: string;
      readonly args: string[];
      readonly isProviderExecuted: boolean;
    };

export class MessagesDecoder implements StreamDecoder {
  isFinished = false;
  private readonly blocks = new Map<number, Block>();
  private responseId: string | undefined;
  private usage: JsonObject = {};
  private stopReason: string | undefined;

  constructor(private readonly maker: SealMaker) {}

  decode({ data }: ServerSentEvent, emit: Emit): void {
    const event = parseJson(data);
    if (!isJsonObject(event)) throw new MalformedEventError(data);
    switch (event['type']) {
      case 'message_start':
        this.responseId = stringAt(event['message'], 'id');
        this.addUsage(valueAt(event['message'], 'usage'));
        // Already charged, should the answer break off.
        return emit({ type: 'usage', usage: readUsage(this.usage) });
      case 'content_block_start':
        return this.start(countAt(event, 'index'), event['content_block'], emit);
      case 'content_block_delta':
        return this.delta(this.blocks.get(countAt(event, 'index')), event['delta'], emit);
      case 'content_block_stop':
        return this.stop(countAt(event, 'index'), emit);
      case 'message_delta':
        this.stopReason = stringAt(event['delta'], 'stop_reason') ?? this.stopReason;
        return this.addUsage(event['usage']);
      case 'message_stop':
        return this.finish(emit);
      case 'error':
        throw new ReportedError(event['error']);
      default:
    }
  }

  end(): boolean {
    return this.isFinished;
  }

  private addUsage(usage: unknown): void {
    if (!isJsonObject(usage)) return;
    // The last event leaves out or nulls what the first one said.
    const known = Object.entries(usage).filter(([, value]) => value != null);
    this.usage = { ...this.usage, ...Object.fromEntries(known) };
  }

  private start(index: number, block: unknown, emit: Emit): void {
    switch (stringAt(block, 'type')) {
      case 'text': {
        this.blocks.set(index, { type: 'text' });
        const text = stringAt(block, 'text') ?? '';
        if (text !== '') emit({ type: 'text-delta', text });
        return;
      }
      case 'thinking':
        this.blocks.set(index, { type: 'thinking', signature: stringAt(block, 'signature') ?? '' });
        emit({ type: 'reasoning-start' });
        return;
      case 'redacted_thinking':
        this.blocks.set(index, { type: 'redacted', data: stringAt(block, 'data') ?? '' });
        emit({ type: 'reasoning-start' });
        return;
      case 'web_search_tool_result':
        return emit(searchResultPart(block, this.maker));
      case 'server_tool_use':
        if (stringAt(block, 'name') !== WEB_SEARCH) return;
        return this.startCall(index, block, emit);
      case 'tool_use':
        return this.startCall(index, block, emit);
      default:
    }
  }

  private startCall(index: number, block: unknown, emit: Emit): void {
    const toolCallId = stringAt(block, 'id') ?? '';
    const toolName = stringAt(block, 'name') ?? '';
    const isProviderExecuted = stringAt(block, 'type') === 'server_tool_use';
    this.blocks.set(index, { type: 'tool', toolCallId, toolName, args: [], isProviderExecuted });
    emit({ type: 'tool-call-start', toolCallId, toolName });
  }

  private delta(block: Block | undefined, delta: unknown, emit: Emit): void {
    switch (stringAt(delta, 'type')) {
      case 'text_delta':
        emit({ type: 'text-delta', text: stringAt(delta, 'text') ?? '' });
        return;
      case 'thinking_delta':
        emit({ type: 'reasoning-delta', text: stringAt(delta, 'thinking') ?? '' });
        return;
      case 'signature_delta':
        if (block?.type === 'thinking') block.signature += stringAt(delta, 'signature') ?? '';
        return;
      case 'input_json_delta': {
        const argsDelta = stringAt(delta, 'partial_json') ?? '';
        if (block?.type !== 'tool' || argsDelta === '') return;
        block.args.push(argsDelta);
        emit({ type: 'tool-call-delta', toolCallId: block.toolCallId, argsDelta });
        return;
      }
      case 'citations_delta':
        return citation(valueAt(delta, 'citation'), emit);
      default:
    }
  }

  private stop(index: number, emit: Emit): void {
    const block = this.blocks.get(index);
    switch (block?.type) {
      case 'text':
        return emit({ type: 'text-end' });
      case 'thinking':
        return emit({
          type: 'reasoning-end',
          ...(block.signature !== '' && {
            providerMetadata: sealedBy('anthropic', this.maker, { signature: block.signature }),
          }),
        });
      case 'redacted':
        return emit({
          type: 'reasoning-end',
          providerMetadata: sealedBy('anthropic', this.maker, { redacted_data: block.data }),
        });
      case 'tool': {
        const { toolCallId, toolName, args, isProviderExecuted } = block;
        return emit({
          type: 'tool-call',
          toolCallId,
          toolName,
          args: args.length === 0 ? '{}' : args.join(''),
          ...(isProviderExecuted && {
            isProviderExecuted,
            providerMetadata: sealedBy('anthropic', this.maker),
          }),
        });
      }
      case undefined:
    }
  }

  private finish(emit: Emit): void {
    emit({ type: 'usage', usage: readUsage(this.usage) });
    const { responseId } = this;
    emit({
      type: 'finish',
      reason: reasonOf(this.stopReason),
      ...(responseId !== undefined && { responseId }),
    });
    this.isFinished = true;
  }
}

function readUsage(usage: JsonObject): MessageUsage {
  return messageUsage({
    input: countAt(usage, 'input_tokens'),
    output: countAt(usage, 'output_tokens'),
    cacheRead: countAt(usage, 'cache_read_input_tokens'),
    cacheCreation: countAt(usage, 'cache_creation_input_tokens'),
    reasoning: countAt(usage['output_tokens_details'], 'thinking_tokens'),
  });
}

function reasonOf(stopReason: string | undefined): FinishReason {
  switch (stopReason) {
    case 'end_turn':
    case 'stop_sequence':
      return 'stop';
    case 'tool_use':
      return 'tool-calls';
    case 'max_tokens':
    case 'model_context_window_exceeded':
      return 'length';
    case 'refusal':
      return 'content-filter';
    default:
      return 'other';
  }
}

function citation(cited: unknown, emit: Emit): void {
  const url = stringAt(cited, 'url');
  if (url === undefined) return;
  const title = stringAt(cited, 'title');
  emit({ type: 'source', url, ...(title !== undefined && { title }) });
}
