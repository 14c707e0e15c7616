import type { EventStream } from './answer';

/**
 * Collects an answer's events as text: what structures the stream is held back and goes out with the next content
 * chunk, so that every chunk is one write and the waits are only between chunks.
 */
export class EventStreamBuilder {
  private readonly chunks: string[] = [];
  private pending = '';
  private opening: string | undefined;

  /** An event that carries no content. */
  structure(event: string): void {
    this.pending += event;
  }

  /** What was added so far goes out first, with no wait before it. */
  endOpening(): void {
    this.opening = this.pending;
    this.pending = '';
  }

  /** An event that carries a piece of content. */
  chunk(event: string): void {
    this.chunks.push(this.pending + event);
    this.pending = '';
  }

  get chunkCount(): number {
    return this.chunks.length;
  }

  finish(extra: Pick<EventStream, 'more' | 'error'>): EventStream {
    return { opening: this.opening ?? '', chunks: this.chunks, closing: this.pending, ...extra };
  }
}
