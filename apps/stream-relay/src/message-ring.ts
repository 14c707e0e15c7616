/**
 * The newest messages of a chat, encoded, bounded by count and bytes.
 *
 * `floorId` says how far back it reaches: every visible message with a greater id is here. What falls out at the old end
 * raises the floor; older messages are in Postgres.
 */
import type { ChatMessage, OpenCall, StreamEvent, StreamToolCall } from '@parley/contracts';
import { encodeMessage } from './encoded-event';

export interface RingLimits {
  readonly maxMessages: number;
  readonly maxBytes: number;
}

export interface RingMessage {
  readonly id: number;
  readonly json: string;
  readonly bytes: number;
}

export function ringMessage(message: ChatMessage): RingMessage {
  const json = encodeMessage(message);
  return { id: message.id, json, bytes: Buffer.byteLength(json) };
}

export class MessageRing {
  private messages: RingMessage[] = [];
  private totalBytes = 0;
  private floor = 0;
  private newestId = 0;

  constructor(private readonly limits: RingLimits) {}

  get bytes(): number {
    return this.totalBytes;
  }

  get floorId(): number {
    return this.floor;
  }

  /** The id of the newest message that was ever here. */
  get lastId(): number {
    return this.newestId;
  }

  /** Starts anew. `floorId`: all visible messages after it are among those given. */
  reset(messages: readonly ChatMessage[], floorId: number): void {
    this.messages = [];
    this.totalBytes = 0;
    this.floor = floorId;
    this.newestId = floorId;
    this.append(messages);
  }

  /** Adds those that are newer than all it has, in ascending order of id, and returns them. */
  append(messages: readonly ChatMessage[]): RingMessage[] {
    const added: RingMessage[] = [];
    for (const message of messages) {
      if (message.id <= this.newestId) continue;
      const entry = ringMessage(message);
      this.messages.push(entry);
      this.totalBytes += entry.bytes;
      this.newestId = entry.id;
      added.push(entry);
    }
    this.evict(this.limits.maxMessages, this.limits.maxBytes);
    return added;
  }

  /** Gives memory back: keeps only the newest message, and that only when it is small. */
  shrink(): void {
    this.evict(1, 4096);
  }

  /** The messages after `id`, until `maxBytes` are full; at least one when there is one. */
  after(id: number, maxBytes: number): { messages: RingMessage[]; isLast: boolean } {
    const start = this.messages.findIndex((message) => message.id > id);
    if (start === -1) return { messages: [], isLast: true };
    let end = start;
    for (let bytes = 0; end < this.messages.length; end += 1) {
      bytes += this.messages[end]?.bytes ?? 0;
      if (end > start && bytes > maxBytes) break;
    }
    return { messages: this.messages.slice(start, end), isLast: end === this.messages.length };
  }

  /** The dynamic calls among `openCalls` with their arguments, which stand in the newest assistant message that made them. */
  dynamicCalls(openCalls: readonly OpenCall[]): StreamToolCall[] {
    return openCalls
      .filter((call) => call.dynamic)
      .map(({ tool_call_id, tool_name }) => ({ tool_call_id, tool_name, args: this.argsOf(tool_call_id) }));
  }

  private argsOf(toolCallId: string): string {
    for (const { json } of this.messages.toReversed()) {
      if (!json.includes(JSON.stringify(toolCallId))) continue;
      const event = JSON.parse(json) as StreamEvent;
      if (event.type !== 'message' || event.message.role !== 'assistant') continue;
      const call = event.message.content.find(
        (part) => part.type === 'tool-call' && part.tool_call_id === toolCallId,
      );
      if (call?.type === 'tool-call') return JSON.stringify(call.args ?? {});
    }
    return '{}';
  }

  private evict(maxMessages: number, maxBytes: number): void {
    let dropped = 0;
    while (
      this.messages.length - dropped > maxMessages ||
      (this.totalBytes > maxBytes && dropped < this.messages.length)
    ) {
      const oldest = this.messages[dropped];
      if (oldest === undefined) break;
      this.totalBytes -= oldest.bytes;
      this.floor = oldest.id;
      dropped += 1;
    }
    if (dropped > 0) this.messages.splice(0, dropped);
  }
}
