/** Clients of all three APIs at one strict mock, for the specs of the adapters. */
import { type ControlInput, formatControlBlock, type LedgerEntryJson, LlmMock } from '@parley/llmmock';
import type { ModelConnection } from '../adapters/model-connection';
import { createModelClient, type ModelClientOptions } from '../create-model-client';
import { ModelError } from '../errors';
import type { ModelRequest, ModelStreamPart } from '../model-client';
import { ProviderConnections } from '../transport/provider-connections';

const mock = new LlmMock();
const connections = new ProviderConnections();
let url = '';

/** Starts the mock for the spec file that calls this, and stops it. */
export function useMock(): void {
  beforeAll(async () => {
    ({ url } = await mock.start({ apiKey: 'right' }));
  });

  afterAll(async () => {
    connections.close();
    await mock.stop();
  });
}

export type ApiCase = [name: string, connection: () => ModelConnection];

export const CASES: ApiCase[] = [
  [
    'OpenAI Responses',
    () => ({ providerId: 'p1', type: 'openai', baseUrl: `${url}/v1`, apiKey: 'right', modelName: 'gpt-5' }),
  ],
  [
    'OpenAI Chat Completions',
    () => ({
      providerId: 'p2',
      type: 'openai-compat',
      baseUrl: `${url}/v1`,
      apiKey: 'right',
      modelName: 'qwen',
    }),
  ],
  [
    'Anthropic Messages',
    () => ({
      providerId: 'p3',
      type: 'anthropic',
      baseUrl: url,
      apiKey: 'right',
      modelName: 'claude-sonnet-5',
    }),
  ],
];

export const TOOL = {
  name: 'read_file',
  description: 'Reads a file',
  inputSchema: { type: 'object', properties: { path: { type: 'string' } } },
};

export function client(connection: ModelConnection, options: Partial<ModelClientOptions> = {}) {
  return createModelClient(connection, { connections, ...options });
}

export function asking(control: ControlInput, more: Partial<ModelRequest> = {}): ModelRequest {
  return {
    messages: [{ role: 'user', parts: [{ type: 'text', text: `Hello ${formatControlBlock(control)}` }] }],
    tools: [],
    settings: {},
    ...more,
  };
}

export const idle = () => new AbortController().signal;

export async function collect(stream: AsyncIterable<ModelStreamPart>): Promise<ModelStreamPart[]> {
  const parts: ModelStreamPart[] = [];
  for await (const part of stream) parts.push(part);
  return parts;
}

export async function failureOf(stream: AsyncIterable<ModelStreamPart>): Promise<ModelError> {
  try {
    await collect(stream);
  } catch (error) {
    if (error instanceof ModelError) return error;
    throw error;
  }
  throw new Error('the stream did not fail');
}

export async function ledger(key: string): Promise<LedgerEntryJson[]> {
  const response = await fetch(`${url}/ledger?key=${key}`);
  return ((await response.json()) as { entries: LedgerEntryJson[] }).entries;
}

/** How often the mock refused a request as one that no provider would take. */
export async function refusals(): Promise<number> {
  const response = await fetch(`${url}/ledger/summary`);
  const { by_status: byStatus } = (await response.json()) as { by_status: Record<string, number> };
  return (byStatus['400'] ?? 0) + (byStatus['404'] ?? 0);
}
