/**
 * Folds the parts of a model's answer into the assistant message that will be stored, and says for each part what viewers get to see of it
 * live.
 *
 * Promises: the live texts of a part, joined, are the stored text; a call's arguments are stored parsed, or as text when the model wrote
 * no valid JSON (`buildPrompt` makes an empty object of that); an answer over `MAX_STEP_CHARACTERS` is refused. After an interrupt
 * `partial` gives what the viewers have seen: texts as far as they came, and only calls whose arguments are whole.
 */
import type { Clock, MessagePart, MessageUsage, ToolCallPart } from '@parley/contracts';
import { ModelError } from './errors';
import { parseJson } from './json';
import type { FinishReason, ModelStreamPart, ProviderMetadata } from './model-client';
import { TextPieces } from './text-pieces';

/** Far beyond what models may write in one answer; a stream without end must not fill the memory. */
export const MAX_STEP_CHARACTERS = 8 * 1024 * 1024;

interface OpenText {
  readonly type: 'text' | 'reasoning';
  readonly pieces: TextPieces;
  readonly createdAt: string;
  completedAt: string | undefined;
  metadata: ProviderMetadata | undefined;
}

interface OpenCall {
  readonly type: 'call';
  readonly toolCallId: string;
  readonly toolName: string;
  readonly pieces: TextPieces;
  readonly createdAt: string;
  hasLiveArgs: boolean;
  /** Set once the call is whole. */
  stored: ToolCallPart | undefined;
}

type Slot = OpenText | OpenCall | { readonly type: 'stored'; readonly part: MessagePart };

/** A call of the finished step that needs a result. */
export interface StepToolCall {
  readonly toolCallId: string;
  readonly toolName: string;
  /** Parsed; the raw text when it is no JSON. */
  readonly args: unknown;
}

export class StepAccumulator {
  usage: MessageUsage | undefined;
  finishReason: FinishReason | undefined;
  responseId: string | undefined;
  private readonly slots: Slot[] = [];
  private readonly calls = new Map<string, OpenCall>();
  /** Addresses that were named: one that is cited often is one source. */
  private readonly sources = new Set<string>();
  private open: OpenText | undefined;
  private characters = 0;

  constructor(private readonly options: { readonly clock: Pick<Clock, 'now'>; readonly provider: string }) {}

  /**
   * Takes the next part of the stream and returns what to publish of it.
   * @throws ModelError when the answer is too large
   */
  add(part: ModelStreamPart): MessagePart[] {
    switch (part.type) {
      case 'text-delta':
        return this.textDelta('text', part.text);
      case 'reasoning-delta':
        return this.textDelta('reasoning', part.text);
      case 'reasoning-start':
        return this.begin('reasoning');
      case 'text-end':
        return this.end('text', part.providerMetadata);
      case 'reasoning-end':
        return this.end('reasoning', part.providerMetadata);
      case 'tool-call-start':
        return this.startCall(part);
      case 'tool-call-delta':
        return this.callDelta(part);
      case 'tool-call':
        return this.finishCall(part);
      case 'provider-result':
        return this.providerResult(part);
      case 'source':
        return this.source(part);
      case 'usage':
        this.usage = part.usage;
        return [];
      case 'finish':
        this.finishReason = part.reason;
        this.responseId = part.responseId;
        return this.close();
    }
  }

  /** The content of the assistant message of a finished step. Texts the model left empty are no parts. */
  content(): MessagePart[] {
    return this.slots.flatMap((slot) => this.stored(slot));
  }

  /** What may be committed when the step ended early. */
  partial(): MessagePart[] {
    this.close();
    return this.content();
  }

  /** The calls of the step that are whole, in the order the model made them. */
  toolCalls(): StepToolCall[] {
    return [...this.calls.values()].flatMap(({ stored }) =>
      stored === undefined || stored.provider_executed === true
        ? []
        : [{ toolCallId: stored.tool_call_id, toolName: stored.tool_name, args: stored.args }],
    );
  }

  private now(): string {
    return new Date(this.options.clock.now()).toISOString();
  }

  private count(text: string): void {
    this.characters += text.length;
    if (this.characters <= MAX_STEP_CHARACTERS) return;
    throw new ModelError({
      kind: 'generic',
      retryable: false,
      provider: this.options.provider,
      detail: `The answer has more than ${MAX_STEP_CHARACTERS} characters.`,
    });
  }

  private begin(type: 'text' | 'reasoning'): MessagePart[] {
    const live = this.close();
    this.open = {
      type,
      pieces: new TextPieces(),
      createdAt: this.now(),
      completedAt: undefined,
      metadata: undefined,
    };
    this.slots.push(this.open);
    return live;
  }

  private textDelta(type: 'text' | 'reasoning', text: string): MessagePart[] {
    if (text === '') return [];
    this.count(text);
    const live = this.open?.type === type ? [] : this.begin(type);
    const shown = this.open?.pieces.add(text) ?? '';
    return shown === '' ? live : [...live, { type, text: shown }];
  }

  private end(type: 'text' | 'reasoning', metadata: ProviderMetadata | undefined): MessagePart[] {
    const { open } = this;
    if (open?.type !== type) return [];
    open.metadata = metadata;
    return this.close();
  }

  private close(): MessagePart[] {
    const { open } = this;
    if (open === undefined) return [];
    this.open = undefined;
    open.completedAt = this.now();
    const shown = open.pieces.end();
    return shown === '' ? [] : [{ type: open.type, text: shown }];
  }

  private startCall(part: ToolCallPartStart): MessagePart[] {
    const live = this.close();
    this.openCall(part);
    return [
      ...live,
      { type: 'tool-call', tool_call_id: part.toolCallId, tool_name: part.toolName, args_delta: '' },
    ];
  }

  private openCall({ toolCallId, toolName }: ToolCallPartStart): OpenCall {
    const call: OpenCall = {
      type: 'call',
      toolCallId,
      toolName,
      pieces: new TextPieces(),
      createdAt: this.now(),
      hasLiveArgs: false,
      stored: undefined,
    };
    this.calls.set(toolCallId, call);
    this.slots.push(call);
    return call;
  }

  private callDelta({ toolCallId, argsDelta }: { toolCallId: string; argsDelta: string }): MessagePart[] {
    const call = this.calls.get(toolCallId);
    if (call === undefined) return [];
    this.count(argsDelta);
    return liveArgs(call, call.pieces.add(argsDelta));
  }

  private finishCall(part: Extract<ModelStreamPart, { type: 'tool-call' }>): MessagePart[] {
    const call = this.calls.get(part.toolCallId) ?? this.openCall(part);
    const args = part.args.toWellFormed();
    if (!call.hasLiveArgs) this.count(args);
    const live = liveArgs(call, call.hasLiveArgs ? call.pieces.end() : args);
    call.stored = {
      type: 'tool-call',
      tool_call_id: part.toolCallId,
      tool_name: part.toolName,
      args: args.trim() === '' ? {} : (parseJson(args) ?? args),
      created_at: call.createdAt,
      ...(part.isProviderExecuted === true && { provider_executed: true }),
      ...(part.providerMetadata !== undefined && { provider_metadata: { ...part.providerMetadata } }),
    };
    return live;
  }

  private providerResult(part: Extract<ModelStreamPart, { type: 'provider-result' }>): MessagePart[] {
    const live = this.close();
    this.count(JSON.stringify([part.result, part.providerMetadata]));
    const shown: MessagePart = {
      type: 'tool-result',
      tool_call_id: part.toolCallId,
      tool_name: part.toolName,
      result: part.result,
      provider_executed: true,
      created_at: this.now(),
      ...(part.isError && { is_error: true }),
    };
    const { providerMetadata: metadata } = part;
    const stored = metadata === undefined ? shown : { ...shown, provider_metadata: { ...metadata } };
    this.slots.push({ type: 'stored', part: stored });
    return [...live, shown];
  }

  private source(part: Extract<ModelStreamPart, { type: 'source' }>): MessagePart[] {
    if (this.sources.has(part.url)) return [];
    this.sources.add(part.url);
    this.count(part.url + (part.title ?? ''));
    const stored: MessagePart = {
      type: 'source',
      url: part.url,
      ...(part.sourceId !== undefined && { source_id: part.sourceId }),
      ...(part.title !== undefined && { title: part.title }),
    };
    this.slots.push({ type: 'stored', part: stored });
    return [stored];
  }

  private stored(slot: Slot): MessagePart[] {
    switch (slot.type) {
      case 'stored':
        return [slot.part];
      case 'call':
        return slot.stored === undefined ? [] : [slot.stored];
      case 'text':
      case 'reasoning': {
        const text = slot.pieces.text();
        const metadata = slot.metadata === undefined ? {} : { provider_metadata: { ...slot.metadata } };
        if (slot.type === 'text') return text === '' ? [] : [{ type: 'text', text, ...metadata }];
        // Reasoning that shows nothing may still carry what the provider wants back.
        if (text === '' && slot.metadata === undefined) return [];
        return [
          {
            type: 'reasoning',
            text,
            created_at: slot.createdAt,
            completed_at: slot.completedAt ?? this.now(),
            ...metadata,
          },
        ];
      }
    }
  }
}

type ToolCallPartStart = { readonly toolCallId: string; readonly toolName: string };

function liveArgs(call: OpenCall, argsDelta: string): MessagePart[] {
  if (argsDelta === '') return [];
  call.hasLiveArgs = true;
  const { toolCallId, toolName } = call;
  return [{ type: 'tool-call', tool_call_id: toolCallId, tool_name: toolName, args_delta: argsDelta }];
}
