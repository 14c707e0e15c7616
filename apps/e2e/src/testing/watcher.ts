/** A viewer of one chat for tests: keeps every event, and waits for a state. */
import { ChatView, openStream, type ParleyClient, type StreamOptions } from '@parley/client';
import type { ChatMessage, StreamEvent, StreamMessagePart } from '@parley/contracts';

const LOOK_MS = 50;

export class Watcher {
  readonly view = new ChatView();
  readonly events: StreamEvent[] = [];
  readonly parts: StreamMessagePart[] = [];
  private readonly stopping = new AbortController();
  private readonly watching: Promise<void>;
  private changed = (): void => {};
  private failure: Error | undefined;

  constructor(client: ParleyClient, options: Omit<StreamOptions, 'signal'>) {
    this.watching = this.watch(client, options).catch((error: unknown) => {
      this.failure = error as Error;
      this.changed();
    });
  }

  private async watch(client: ParleyClient, options: Omit<StreamOptions, 'signal'>): Promise<void> {
    for await (const event of openStream(client, { ...options, signal: this.stopping.signal })) {
      this.events.push(event);
      if (event.type === 'message_part') this.parts.push(event.message_part);
      this.view.apply(event);
      this.changed();
    }
  }

  /** Rejects when the stream ends, or after looks for `timeoutMs`, telling the last events. A machine that stands still uses up none. */
  async until(condition: (watcher: this) => boolean, timeoutMs = 20_000): Promise<void> {
    let timer: NodeJS.Timeout | undefined;
    const tooLate = new Promise<'late'>((resolve) => {
      let looks = 0;
      timer = setInterval(() => {
        looks += 1;
        if (looks * LOOK_MS >= timeoutMs) resolve('late');
      }, LOOK_MS);
    });
    try {
      while (!condition(this)) {
        if (this.failure !== undefined) throw this.failure;
        const changed = new Promise<void>((resolve) => (this.changed = resolve));
        if ((await Promise.race([changed, tooLate])) === 'late') {
          const last = JSON.stringify(this.events.slice(-5));
          throw new Error(`Not seen within ${timeoutMs} ms; the last events: ${last}`);
        }
      }
    } finally {
      clearInterval(timer);
    }
  }

  get answers(): ChatMessage[] {
    return this.view.messages.filter((message) => message.role === 'assistant');
  }

  async stop(): Promise<void> {
    this.stopping.abort();
    await this.watching;
  }
}

export function textOf(message: ChatMessage | undefined): string {
  return (message?.content ?? []).map((part) => (part.type === 'text' ? part.text : '')).join('');
}

/** The text of live parts as they came. */
export function textOfParts(parts: readonly StreamMessagePart[]): string {
  return parts.map(({ part }) => (part.type === 'text' ? part.text : '')).join('');
}
