/**
 * What a client costs with no server at all: the same prompts to the same mock, read by the official SDK and by the plainest reader there
 * is. A platform in between can only be slower.
 */
import { Agent, request } from 'node:http';
import OpenAI from 'openai';
import { expectedText, promptFor, type TurnOrder } from '../answer-shape';
import { SseSplitter } from '../generator/sse-events';
import { LatencyHistogram } from '../latency-histogram';
import type { FloorReport } from '../report/schema';

export interface StreamClientsOptions {
  readonly mockUrl: string;
  readonly chats: number;
  readonly turns: number;
  readonly chunkMs: number;
  readonly signal: AbortSignal;
}

/** Streams one answer; calls back at its first token. @returns the text */
type Ask = (prompt: string, onFirst: () => void) => Promise<string>;

const CHUNKS = 20;
const CHUNK_SIZE = 20;

export async function measureClients(options: StreamClientsOptions): Promise<FloorReport['clients']> {
  const agent = new Agent({ keepAlive: true, maxSockets: options.chats });
  const sdk = new OpenAI({ apiKey: 'scaletest', baseURL: `${options.mockUrl}/v1`, maxRetries: 0 });
  const readers: [string, Ask][] = [
    [
      'node:http and a plain SSE reader',
      (prompt, onFirst) => askPlainly(options.mockUrl, agent, prompt, onFirst),
    ],
    ['the official SDK (openai)', (prompt, onFirst) => askSdk(sdk, prompt, onFirst)],
  ];
  const measured: FloorReport['clients'] = [];
  for (const [name, ask] of readers) {
    await load(ask, { ...options, turns: 1 }, `warm-${name}`);
    measured.push(await load(ask, options, name));
  }
  agent.destroy();
  return measured;
}

async function load(
  ask: Ask,
  options: StreamClientsOptions,
  name: string,
): Promise<FloorReport['clients'][number]> {
  const { chats, turns, chunkMs, signal } = options;
  const overhead = new LatencyHistogram();
  const firstToken = new LatencyHistogram();
  const cpu = process.cpuUsage();
  const startedAtMs = performance.now();
  await Promise.all(
    Array.from({ length: chats }, async (_, chat) => {
      for (let turn = 0; turn < turns && !signal.aborted; turn += 1) {
        const shape = { chunks: CHUNKS, chunkSize: CHUNK_SIZE, chunkMs, firstByteMs: 0 };
        const order: TurnOrder = { key: `floor/${name}/${chunkMs}/${chat}/${turn}`, shape, toolSteps: [] };
        const askedAtMs = performance.now();
        const text = await ask(promptFor(order), () => firstToken.record(performance.now() - askedAtMs));
        overhead.record(performance.now() - askedAtMs - chunkMs * (CHUNKS - 1));
        if (text !== expectedText(order))
          throw new Error(`The floor got another text than the mock's for ${order.key}`);
      }
    }),
  );
  const elapsedMs = performance.now() - startedAtMs;
  const { user, system } = process.cpuUsage(cpu);
  const count = Math.max(1, overhead.count);
  return {
    name: `${name}, ${chunkMs} ms a chunk`,
    turns_per_s: Number(((overhead.count * 1000) / elapsedMs).toFixed(1)),
    cpu_ms_per_turn: Number(((user + system) / 1000 / count).toFixed(3)),
    overhead_ms: overhead.summary(),
    first_token_ms: firstToken.summary(),
  };
}

async function askSdk(sdk: OpenAI, prompt: string, onFirst: () => void): Promise<string> {
  const stream = await sdk.chat.completions.create({
    model: 'scaletest',
    stream: true,
    messages: [{ role: 'user', content: prompt }],
  });
  let text = '';
  for await (const chunk of stream) {
    const delta = chunk.choices[0]?.delta.content;
    if (delta === undefined || delta === null || delta === '') continue;
    if (text === '') onFirst();
    text += delta;
  }
  return text;
}

interface Chunk {
  readonly choices: readonly { readonly delta: { readonly content?: string | null } }[];
}

function askPlainly(mockUrl: string, agent: Agent, prompt: string, onFirst: () => void): Promise<string> {
  const body = Buffer.from(
    JSON.stringify({ model: 'scaletest', stream: true, messages: [{ role: 'user', content: prompt }] }),
  );
  return new Promise((resolve, reject) => {
    const headers = {
      'content-type': 'application/json',
      'content-length': body.length,
      authorization: 'Bearer scaletest',
    };
    const call = request(`${mockUrl}/v1/chat/completions`, { method: 'POST', agent, headers }, (response) => {
      let text = '';
      const splitter = new SseSplitter();
      response.setEncoding('utf8');
      response.on('data', (piece: string) =>
        splitter.push(piece, (data) => {
          if (data === '[DONE]') return;
          const delta = (JSON.parse(data) as Chunk).choices[0]?.delta.content;
          if (delta === undefined || delta === null || delta === '') return;
          if (text === '') onFirst();
          text += delta;
        }),
      );
      response.on('end', () => resolve(text));
      response.on('error', reject);
    });
    call.on('error', reject);
    call.end(body);
  });
}
