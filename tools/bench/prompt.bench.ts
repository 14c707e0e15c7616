/**
 * What a step of a long chat costs the worker beyond sending the prompt: building it from the stored rows, and making each API's request
 * of it; beside it, writing that request as JSON, which is sending it. Not part of the tests:
 *   npx jest --testMatch '**\/prompt.bench.ts'
 * Half of the messages are results of tools, some 2 kB each, as coding agents have them. As in the worker, the rows of earlier steps
 * are the same objects in each step. CPU time of this process in microseconds a step, the lowest of some rounds.
 */
import type { MessagePart } from '@parley/contracts';
import { messagesRequest } from '../../libs/llm/src/adapters/anthropic/request';
import type { ModelConnection } from '../../libs/llm/src/adapters/model-connection';
import { chatRequest } from '../../libs/llm/src/adapters/openai-chat/request';
import { responsesRequest } from '../../libs/llm/src/adapters/openai-responses/request';
import type { ModelRequest } from '../../libs/llm/src/model-client';
import { buildPrompt } from '../../libs/llm/src/prompt/build-prompt';
import type { PromptRow } from '../../libs/llm/src/prompt/prompt-row';
import { SIZES } from './long-chats/filled-chat';

const SONNET = { providerId: 'p3', modelName: 'claude-sonnet-5' };

const ROUNDS = 20;
/** Of a round: so many that each is as long as a short history's twenty, and one at least of the longest. */
const MAX_STEPS = 20;
const MESSAGES_A_ROUND = 20_000;
const connection = (type: ModelConnection['type']): ModelConnection => ({
  providerId: 'p',
  type,
  apiKey: 'k',
  modelName: 'm',
});
const REQUESTS: Readonly<Record<string, (request: ModelRequest) => unknown>> = {
  responses: (request) => responsesRequest(request, connection('openai')),
  'chat completions': (request) => chatRequest(request, connection('openai-compat')),
  anthropic: (request) => messagesRequest(request, SONNET),
};

const row = (id: number, role: PromptRow['role'], ...content: MessagePart[]): PromptRow => ({
  id,
  role,
  content,
  visibility: 'both',
  compressed: false,
});

/** A question, and steps of a call and its result. */
function history(messages: number): PromptRow[] {
  const rows = [row(1, 'user', { type: 'text', text: 'Mend the tests.' })];
  while (rows.length < messages) {
    const step = rows.length;
    const call = { tool_call_id: `call_${step}`, tool_name: 'read_file' };
    const text = { type: 'text', text: `I read file ${step}.` } as const;
    rows.push(
      row(step + 1, 'assistant', text, { type: 'tool-call', ...call, args: { path: `src/${step}.ts` } }),
    );
    const result = { content: `line of code ${step}\n`.repeat(100), lines: 100 };
    const stored = step % 4 === 1 ? JSON.stringify(result) : step % 4 === 3 ? result : result.content;
    rows.push(row(step + 2, 'tool', { type: 'tool-result', ...call, result: stored }));
  }
  return rows;
}

function cpuMicros(messages: number, work: () => void): number {
  const steps = Math.min(MAX_STEPS, MESSAGES_A_ROUND / messages);
  let lowest = Infinity;
  for (let round = 0; round < ROUNDS; round += 1) {
    const before = process.cpuUsage();
    for (let step = 0; step < steps; step += 1) work();
    const { user, system } = process.cpuUsage(before);
    lowest = Math.min(lowest, (user + system) / steps);
  }
  return Math.round(lowest);
}

test.each(SIZES)(
  'a step on %i messages',
  (size) => {
    const rows = history(size);
    const prompt = () => ({
      messages: buildPrompt(rows, { contextLimit: 200_000 }),
      tools: [],
      settings: {},
    });
    const lines = [`${size} messages: prompt ${cpuMicros(size, prompt)} µs`];
    const asked = prompt();
    for (const [name, make] of Object.entries(REQUESTS)) {
      const body = make(asked);
      const kilobytes = Math.round(JSON.stringify(body).length / 1000);
      const [making, writing] = [
        cpuMicros(size, () => make(asked)),
        cpuMicros(size, () => JSON.stringify(body)),
      ];
      lines.push(`  ${name}: request ${making} µs, as JSON ${writing} µs (${kilobytes} kB)`);
    }
    console.log(lines.join('\n'));
  },
  120_000,
);
