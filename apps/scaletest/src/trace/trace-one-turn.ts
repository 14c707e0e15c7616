/**
 * Traces one turn through a cluster of real processes: gateway, worker and relay write their spans to one file. Only that turn is
 * traced, because its request brings a sampled `traceparent`; it is the second one of its chat, so that nothing is first.
 */
import { randomBytes } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { type ChatView, followChat, ParleyClient } from '@parley/client';
import { parseTraceFile, TRACEPARENT } from '@parley/service';
import { promptFor } from '../answer-shape';
import { provision } from '../system/provision';
import { spawnCluster } from '../system/spawn-cluster';
import { type TurnTrace, turnTraceOf } from './turn-trace';

export interface TraceOptions {
  /** Where the spans are written, as OTLP JSON lines; a file that is there grows. */
  readonly file: string;
  readonly size: { readonly gateways: number; readonly workers: number; readonly relays: number };
  readonly logDirectory: string;
}

const SHAPE = { chunks: 10, chunkSize: 20, chunkMs: 5, firstByteMs: 20 };
const POOL = 4;
const TURN_TIMEOUT_MS = 30_000;

/** @throws Error when the turn does not end, or its trace is not whole */
export async function traceOneTurn({ file, size, logDirectory }: TraceOptions): Promise<TurnTrace> {
  const target = await spawnCluster({
    size,
    pool: POOL,
    isDurable: false,
    rateLimit: 0,
    hasTitles: true,
    ledgerEntries: 100,
    canDisturbBus: false,
    isThroughGateways: false,
    isDebuggable: false,
    traceFile: file,
    logDirectory,
  });
  const traceId = randomBytes(16).toString('hex');
  try {
    const [url = ''] = target.apiUrls;
    const [streamUrl = ''] = target.streamUrls;
    const { organizationId, modelConfigId, tokens } = await provision({
      url,
      token: undefined,
      mockUrl: target.mockUrl,
      users: 1,
      runTag: 'trace',
    });
    const api = new ParleyClient({ baseUrl: url, token: tokens[0] ?? '' });
    const content = (turn: number): string =>
      promptFor({ key: `trace/${turn}`, shape: SHAPE, toolSteps: [] });
    const chat = await api.createChat({ organizationId, modelConfigId, content: content(0) });
    const stopping = AbortSignal.timeout(TURN_TIMEOUT_MS);
    const streams = new ParleyClient({ baseUrl: streamUrl, token: tokens[0] ?? '' });
    const views = followChat(streams, { chatId: chat.id, signal: stopping });
    await untilAnswered(views, 1);
    await traced(api, `00-${traceId}-${randomBytes(8).toString('hex')}-01`).sendMessage(chat.id, {
      content: content(1),
    });
    await untilAnswered(views, 2);
    await views.return(undefined);
  } finally {
    await target.stop();
  }
  return turnTraceOf(parseTraceFile(await readFile(file, 'utf8')), traceId);
}

function traced({ baseUrl, token }: ParleyClient, traceparent: string): ParleyClient {
  return new ParleyClient({
    baseUrl,
    ...(token === undefined ? {} : { token }),
    fetch: (input, init) =>
      fetch(input, {
        ...init,
        headers: { ...(init?.headers as Record<string, string>), [TRACEPARENT]: traceparent },
      }),
  });
}

/** @throws Error when the stream ends before */
async function untilAnswered(views: AsyncGenerator<ChatView>, answers: number): Promise<void> {
  for (let next = await views.next(); next.done !== true; next = await views.next()) {
    const { status, messages } = next.value;
    const there = messages.filter(({ role }) => role === 'assistant').length;
    if (status === 'waiting' && there >= answers) return;
  }
  throw new Error(`The chat had no ${answers} answers within ${TURN_TIMEOUT_MS} ms`);
}
