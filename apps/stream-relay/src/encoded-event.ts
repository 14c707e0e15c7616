/**
 * Stream events in their encoded form. An event becomes JSON once in a relay, however many viewers it has; a batch becomes
 * WebSocket frames or SSE text once, when the first viewer of that kind needs it, and all of them share the bytes.
 */
import {
  MAX_EVENTS_PER_FRAME,
  type ChatMessage,
  type MessageRole,
  type StreamEvent,
  type StreamEventType,
} from '@parley/contracts';

/** A frame is closed before it grows past this; clients of this API refuse frames over 4 MiB. A single larger event stands alone. */
const MAX_FRAME_BYTES = 1024 * 1024;

export interface EncodedEvent {
  readonly type: StreamEventType;
  readonly json: string;
  /** Where a viewer stands once it has this event. */
  readonly cursor: string;
}

export function encodeEvent(event: StreamEvent, cursor: string): EncodedEvent {
  return { type: event.type, json: JSON.stringify(event), cursor };
}

export function encodeMessage(message: ChatMessage): string {
  return JSON.stringify({
    type: 'message',
    chat_id: message.chat_id,
    message,
  } satisfies StreamEvent);
}

/** A live part as the feed keeps it: its role, and the part as JSON. */
export interface EncodedPart {
  readonly role: MessageRole;
  readonly json: string;
}

export interface PartPlace {
  readonly chatId: string;
  readonly historyVersion: number;
  readonly attempt: number;
  readonly seq: number;
}

/** The `message_part` event around a part that is JSON already. */
export function encodePartEvent(part: EncodedPart, place: PartPlace): string {
  return (
    `{"type":"message_part","chat_id":"${place.chatId}","message_part":{"role":"${part.role}","part":${part.json},` +
    `"history_version":${place.historyVersion},"generation_attempt":${place.attempt},"seq":${place.seq}}}`
  );
}

/** What a viewer sends, in the form that its transport needs. Each form is made once, for all viewers. */
export interface Outgoing {
  readonly count: number;
  readonly webSocketFrames: readonly Buffer[];
  /** The same, each event with its `cursor`, for a viewer that asked for it. */
  readonly webSocketFramesWithCursor: readonly Buffer[];
  readonly serverSentEvents: Buffer;
}

export class EventBatch implements Outgoing {
  private frames: readonly Buffer[] | undefined;
  private framesWithCursor: readonly Buffer[] | undefined;
  private text: Buffer | undefined;

  /** `counts` is told of the bytes that were made, however many viewers they are for. */
  constructor(
    readonly events: readonly EncodedEvent[],
    private readonly counts?: { bytesEncoded: number },
  ) {}

  get count(): number {
    return this.events.length;
  }

  /** JSON arrays of at most 256 events. */
  get webSocketFrames(): readonly Buffer[] {
    this.frames ??= this.counted(toFrames(this.events, (event) => event.json));
    return this.frames;
  }

  get webSocketFramesWithCursor(): readonly Buffer[] {
    this.framesWithCursor ??= this.counted(
      toFrames(this.events, ({ json, cursor }) => `${json.slice(0, -1)},"cursor":"${cursor}"}`),
    );
    return this.framesWithCursor;
  }

  /** One SSE message an event. JSON holds no line break, so `data` is one line. */
  get serverSentEvents(): Buffer {
    if (this.text === undefined) {
      this.text = Buffer.from(
        this.events.map(({ json, cursor }) => `id: ${cursor}\ndata: ${json}\n\n`).join(''),
      );
      this.counted([this.text]);
    }
    return this.text;
  }

  private counted(made: readonly Buffer[]): readonly Buffer[] {
    if (this.counts !== undefined) for (const { length } of made) this.counts.bytesEncoded += length;
    return made;
  }
}

function toFrames(events: readonly EncodedEvent[], encode: (event: EncodedEvent) => string): Buffer[] {
  const frames: Buffer[] = [];
  let pending: string[] = [];
  let length = 0;
  const close = (): void => {
    if (pending.length > 0) frames.push(Buffer.from(`[${pending.join(',')}]`));
    pending = [];
    length = 0;
  };
  for (const event of events) {
    const json = encode(event);
    if (pending.length === MAX_EVENTS_PER_FRAME || length + json.length > MAX_FRAME_BYTES) close();
    pending.push(json);
    length += json.length;
  }
  close();
  return frames;
}
