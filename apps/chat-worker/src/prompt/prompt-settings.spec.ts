/** What is set about chats, as the model gets to see it. */
import { randomUUID } from 'node:crypto';
import { createChat, send } from '@parley/chat-state';
import { ChatSettingsStore, systemRows } from '@parley/chat-settings';
import type { ModelRequest, ModelStreamPart, ResolvedModel } from '@parley/llm';
import { Harness, type TestWorker } from '../testing/harness';

let harness: Harness;
let worker: TestWorker;
let settings: ChatSettingsStore;
let requests: ModelRequest[];
let resolvedFor: (string | undefined)[];

beforeAll(async () => {
  harness = await Harness.open();
  settings = new ChatSettingsStore(harness.testDatabase.database, harness.bus);
});
afterEach(() => harness.stopWorkers());
afterAll(() => harness.close());
beforeEach(async () => {
  requests = [];
  resolvedFor = [];
  worker = await harness.startWorker({ models: { resolve: (id, userId) => listener(id, userId) } });
});

async function listener(modelConfigId: string, userId?: string): Promise<ResolvedModel> {
  resolvedFor.push(userId);
  async function* stream(request: ModelRequest): AsyncGenerator<ModelStreamPart> {
    requests.push(request);
    yield { type: 'text-delta', text: 'Yes.' };
    yield { type: 'text-end' };
    yield { type: 'finish', reason: 'stop' };
  }
  return {
    modelConfigId,
    organizationId: harness.organizationId,
    providerId: randomUUID(),
    provider: 'openai',
    modelName: 'm',
    contextLimit: 100_000,
    compressionThreshold: 80,
    callConfig: {
      reasoning_effort: { default: 'low', max: 'medium' },
      provider_options: { openai: { web_search_enabled: true } },
    },
    prices: {},
    client: { provider: 'openai', modelName: 'm', stream },
  };
}

const systemOf = (request: ModelRequest | undefined) =>
  (request?.messages ?? []).flatMap((message) => (message.role === 'system' ? [message.text] : []));

async function newChat(planMode: 'plan' | null = null): Promise<string> {
  const { organizationId, ownerId, modelConfigId } = harness;
  const created = await createChat(harness.store, {
    organizationId,
    ownerId,
    title: 'Named by hand',
    titleSource: 'manual',
    modelConfigId,
    reasoningEffort: 'max',
    planMode,
    systemMessages: await systemRows(worker.chatSettings, {
      organizationId,
      chatPrompt: 'Chat.',
      hasWorkspace: false,
      isDelegated: false,
    }),
    userMessage: { role: 'user', content: [{ type: 'text', text: 'Hi' }], createdBy: ownerId, modelConfigId },
  });
  if (!created.ok) throw new Error(created.reason);
  await harness.until(created.chat.id, 'waiting');
  return created.chat.id;
}

async function ask(chatId: string): Promise<string[]> {
  const { ownerId } = harness;
  await send(harness.store, {
    chatId,
    ownerId,
    content: [{ type: 'text', text: 'And?' }],
    busyBehavior: 'queue',
  });
  await harness.until(chatId, 'waiting');
  return systemOf(requests.at(-1));
}

it('what changes holds for old chats at once, behind what they were born with', async () => {
  await settings.setSystemPrompt({ prompt: 'Born with.', includesDefault: false });
  worker.chatSettings.invalidate();
  const chatId = await newChat();
  const born: unknown[] = ['Born with.', 'Chat.', expect.stringMatching(/^No workspace/)];
  expect(systemOf(requests[0])).toEqual(born);
  await settings.setSystemPrompt({ prompt: 'Too late.', includesDefault: false });
  await settings.setUserPrompt(harness.ownerId, 'Rhyme.');
  worker.chatSettings.invalidate();
  expect(await ask(chatId)).toEqual([...born, expect.stringContaining('Rhyme.')]);
  await settings.setUserPrompt(harness.ownerId, '');
  worker.chatSettings.invalidate(harness.ownerId);
  expect(await ask(chatId)).toEqual(born);
});

it('plan mode says what it is, with the instructions of the deployment', async () => {
  await settings.setPlanModeInstructions('Plan in verse.');
  worker.chatSettings.invalidate();
  await newChat('plan');
  expect(systemOf(requests[0]).slice(-2)).toEqual([
    expect.stringMatching(/^Plan mode is on/),
    'Plan in verse.',
  ]);
});

it('the provider searches the web by itself, but not in plan mode', async () => {
  await newChat();
  await newChat('plan');
  expect(requests.map((request) => request.settings.openai?.web_search_enabled)).toEqual([true, false]);
});

it('a model is called with its owner’s key and an effort within its bounds', async () => {
  await newChat();
  expect(resolvedFor[0]).toBe(harness.ownerId);
  expect(requests[0]?.settings.reasoningEffort).toBe('medium');
});
