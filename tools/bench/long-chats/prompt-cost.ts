/**
 * What a prompt of so many messages costs any client of a model, and this one: walking the history, which a client that kept its requests could
 * spare, and then writing JSON and bytes, which none can. CPU of this process, where the model is another one; times until its answer has ended.
 */
import type { AnswerShape } from '../../../apps/scaletest/src/answer-shape';
import { promptFor } from '../../../apps/scaletest/src/answer-shape';
import { chatRequest } from '../../../libs/llm/src/adapters/openai-chat/request';
import type { ModelConnection } from '../../../libs/llm/src/adapters/model-connection';
import { buildPrompt } from '../../../libs/llm/src/prompt/build-prompt';
import type { PromptRow } from '../../../libs/llm/src/prompt/prompt-row';
import { roleOfMessage, textOfMessage } from './filled-chat';

export interface PromptCost {
  readonly bytes: number;
  /** Of the history to what the request is made of; milliseconds. */
  readonly walkCpuMs: number;
  /** Its JSON, and its way to the model: more than a prompt of one message costs; milliseconds. */
  readonly sendCpuMs: number;
  /** The same two as time, and the model's reading of it. */
  readonly elapsedMs: number;
}

const CONNECTION: ModelConnection = { providerId: 'p', type: 'openai-compat', apiKey: 'k', modelName: 'm' };
const CONTEXT_LIMIT = 100_000_000;

const row = (id: number, role: PromptRow['role'], text: string): PromptRow => ({
  id,
  role,
  content: [{ type: 'text', text }],
  visibility: 'both',
  compressed: false,
});

function rowsOf(messages: number, shape: AnswerShape): PromptRow[] {
  const rows = Array.from({ length: messages }, (_, n) =>
    row(n + 1, roleOfMessage(n + 1), textOfMessage(n + 1)),
  );
  return [...rows, row(messages + 1, 'user', promptFor({ key: 'beside', shape, toolSteps: [] }))];
}

interface Cost {
  readonly cpuMs: number;
  readonly elapsedMs: number;
}

/** Of each of so many rounds, in the mean. */
async function costOf(rounds: number, work: () => unknown): Promise<Cost> {
  const [before, startedAt] = [process.cpuUsage(), performance.now()];
  for (let round = 0; round < rounds; round += 1) await work();
  const { user, system } = process.cpuUsage(before);
  return { cpuMs: (user + system) / 1_000 / rounds, elapsedMs: (performance.now() - startedAt) / rounds };
}

export async function promptCost(options: {
  readonly messages: number;
  readonly mockUrl: string;
  readonly shape: AnswerShape;
  readonly rounds: number;
}): Promise<PromptCost> {
  const { messages, mockUrl, shape, rounds } = options;
  const requestOf = (rows: readonly PromptRow[]): unknown => {
    const prompt = { messages: buildPrompt(rows, { contextLimit: CONTEXT_LIMIT }), tools: [], settings: {} };
    return chatRequest(prompt, CONNECTION);
  };
  const send = async (request: unknown): Promise<void> => {
    const headers = { 'content-type': 'application/json', authorization: 'Bearer beside' };
    const url = `${mockUrl}/v1/chat/completions`;
    const reply = await fetch(url, { method: 'POST', headers, body: JSON.stringify(request) });
    await reply.text();
  };
  const rows = rowsOf(messages, shape);
  const [request, short] = [requestOf(rows), requestOf(rowsOf(0, shape))];
  await costOf(rounds, async () => {
    requestOf(rows);
    await send(request);
    await send(short);
  });
  const walk = await costOf(rounds, () => requestOf(rows));
  const sent = await costOf(rounds, () => send(request));
  const shortSent = await costOf(rounds, () => send(short));
  return {
    bytes: JSON.stringify(request).length,
    walkCpuMs: walk.cpuMs,
    sendCpuMs: sent.cpuMs - shortSent.cpuMs,
    elapsedMs: walk.elapsedMs + sent.elapsedMs - shortSent.elapsedMs,
  };
}
