/**
 * One attempt at an answer: sends the request, reads the event stream, decodes it into parts.
 *
 * Promises: exactly one `finish` at the end, or a `ModelError`. A reply that is no event stream is an error, never silence. A body that
 * ends before the finish event is a retryable `timeout`. Ten minutes without a part are a retryable `stream_silence_timeout`. When
 * the caller aborts or stops iterating the provider's socket is closed at once; after a whole answer it goes back to the pool.
 */
import type { Clock } from '@parley/contracts';
import type { IncomingMessage } from 'node:http';
import { classifyModelError } from '../classify-model-error';
import { ModelError } from '../errors';
import type { ModelStreamPart } from '../model-client';
import { NotAStreamError, StreamEndedError } from '../provider-errors';
import type { ProviderConnections } from './provider-connections';
import { type ServerSentEvent, SseSplitter } from './sse-splitter';

/** Without any part for so long a stream counts as dead; each part starts the time anew. */
export const DEFAULT_SILENCE_MS = 10 * 60_000;

export type Emit = (part: ModelStreamPart) => void;

/** Turns the events of one answer into parts. One instance an answer. */
export interface StreamDecoder {
  decode(event: ServerSentEvent, emit: Emit): void;
  /** The body has ended: emits what is still open. False when the answer is not complete. */
  end(emit: Emit): boolean;
  /** True after the last event that says something. */
  readonly isFinished: boolean;
}

export interface StreamAttempt {
  readonly provider: string;
  readonly connections: ProviderConnections;
  readonly clock: Clock;
  readonly silenceMs: number;
  readonly decoder: StreamDecoder;
  /** Sends the request through the SDK; the SDK throws for statuses other than 2xx. */
  readonly send: (signal: AbortSignal) => Promise<Response>;
}

/** Runs the attempt. See the head of the file for what it promises. */
export async function* streamParts(
  attempt: StreamAttempt,
  signal: AbortSignal,
): AsyncGenerator<ModelStreamPart> {
  const { provider, clock, silenceMs } = attempt;
  // A controller of its own, because the SDKs never take their listeners off the signal they get, and a turn's signal is long-lived.
  const request = new AbortController();
  const abort = () => request.abort(signal.reason);
  signal.addEventListener('abort', abort, { once: true });
  const guard = new SilenceGuard({ clock, silenceMs, provider, onSilence: (error) => request.abort(error) });
  let body: IncomingMessage | undefined;
  try {
    signal.throwIfAborted();
    const response = await attempt.send(request.signal);
    body = attempt.connections.streamOf(response);
    if (body === undefined) throw await NotAStreamError.of(response);
    closeOnAbort(body, request.signal);
    yield* decodeBody({ body, decoder: attempt.decoder, guard, signal, provider });
  } catch (error) {
    if (guard.error !== undefined && !signal.aborted) throw guard.error;
    throw classifyModelError(error, { provider, signal });
  } finally {
    signal.removeEventListener('abort', abort);
    await guard.stop();
    if (body === undefined) request.abort();
    else if (attempt.decoder.isFinished) releaseBody(body);
    else body.destroy();
  }
}

function closeOnAbort(body: IncomingMessage, signal: AbortSignal): void {
  // Whoever iterates the body sees its error; after that nobody wants it.
  body.on('error', () => undefined);
  signal.addEventListener('abort', () => body.destroy(), { once: true });
}

interface BodyReading {
  readonly body: IncomingMessage;
  readonly decoder: StreamDecoder;
  readonly guard: SilenceGuard;
  readonly signal: AbortSignal;
  readonly provider: string;
}

/** An answer that a filter stopped, or the model refused, before it said anything must not look like a model that fell silent. */
function filteredAnswerCheck(provider: string): Emit {
  let hasContent = false;
  return (part) => {
    if (part.type === 'tool-call' || (part.type === 'text-delta' && part.text.trim() !== ''))
      hasContent = true;
    if (part.type !== 'finish' || part.reason !== 'content-filter' || hasContent) return;
    throw new ModelError({ kind: 'content_filter', retryable: false, provider });
  };
}

async function* decodeBody({
  body,
  decoder,
  guard,
  signal,
  provider,
}: BodyReading): AsyncGenerator<ModelStreamPart> {
  const splitter = new SseSplitter();
  let parts: ModelStreamPart[] = [];
  const refuseFiltered = filteredAnswerCheck(provider);
  const emit: Emit = (part) => {
    refuseFiltered(part);
    parts.push(part);
  };
  const onEvent = (event: ServerSentEvent) => {
    if (!decoder.isFinished) decoder.decode(event, emit);
  };
  // destroyOnReturn: the caller of this function decides what becomes of the socket.
  for await (const chunk of body.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>) {
    const failure = failureOf(() => splitter.push(chunk, onEvent));
    if (parts.length > 0) {
      guard.touch();
      const ready = parts;
      parts = [];
      for (const part of ready) {
        signal.throwIfAborted();
        yield part;
      }
    }
    // What came in one piece with it was said, and is paid for, all the same.
    if (failure !== null) throw failure.error;
    if (decoder.isFinished) return;
  }
  signal.throwIfAborted();
  if (guard.error !== undefined) throw guard.error;
  if (!decoder.end(emit)) throw new StreamEndedError();
  yield* parts;
}

function failureOf(work: () => void): { readonly error: unknown } | null {
  try {
    work();
    return null;
  } catch (error) {
    return { error };
  }
}

/** After the finish event nothing but the end of the body is due; a server that does not end it loses the connection. */
const RELEASE_MS = 1_000;

function releaseBody(body: IncomingMessage): void {
  if (body.destroyed || body.readableEnded) return;
  const timer = setTimeout(() => body.destroy(), RELEASE_MS);
  timer.unref();
  body.once('close', () => clearTimeout(timer));
  body.resume();
}

/** A reason made once: without one each abort makes an error, with its stack. */
const OVER = new Error('The answer is over');

/** Notices that no part came for `silenceMs`. One sleep at a time, however many parts come. */
class SilenceGuard {
  error: ModelError | undefined;
  private lastPartAt: number;
  private readonly stopping = new AbortController();
  private readonly watching: Promise<void>;

  constructor(
    private readonly options: {
      readonly clock: Clock;
      readonly silenceMs: number;
      readonly provider: string;
      readonly onSilence: (error: ModelError) => void;
    },
  ) {
    this.lastPartAt = options.clock.now();
    this.watching = this.watch();
  }

  touch(): void {
    this.lastPartAt = this.options.clock.now();
  }

  async stop(): Promise<void> {
    this.stopping.abort(OVER);
    await this.watching;
  }

  private async watch(): Promise<void> {
    const { clock, silenceMs, provider, onSilence } = this.options;
    const { signal } = this.stopping;
    try {
      for (;;) {
        const leftMs = this.lastPartAt + silenceMs - clock.now();
        if (leftMs <= 0) break;
        await clock.sleep(leftMs, { name: 'model silence', signal });
      }
    } catch {
      return;
    }
    this.error = new ModelError({ kind: 'stream_silence_timeout', retryable: true, provider });
    onSilence(this.error);
  }
}
