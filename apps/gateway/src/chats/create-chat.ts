/** From a checked body to a running chat with its first message. */
import {
  createChat,
  type ChatHead,
  type ChatStore,
  type CreateChatInput,
  type NewMessage,
  type OnceKey,
} from '@parley/chat-state';
import type { CreateChatRequest } from '@parley/contracts';
import type { Actor } from '@parley/identity';
import { fallbackTitle, titleText } from '@parley/llm';
import type { UsageLimits } from '@parley/spend';
import { forbidden } from '../http/api-error';
import type { ModelChoices } from '../models/model-choices';
import { accepted } from './chat-access';
import { assertNoForeignParts, toContent } from './content';

export async function createChatFor(input: {
  actor: Actor;
  body: CreateChatRequest;
  store: ChatStore;
  models: ModelChoices;
  limits: UsageLimits;
  once: OnceKey | undefined;
}): Promise<ChatHead> {
  const { actor, body, store, models, limits } = input;
  const organizationId = body.organization_id;
  if (!actor.organizationIds.includes(organizationId)) {
    throw forbidden('You are not a member of this organization.');
  }
  assertNoForeignParts(body);
  const content = toContent(body.content);
  const modelConfigId = await models.choose(organizationId, body.model_config_id);
  const reasoningEffort = body.reasoning_effort ?? null;
  const fresh: CreateChatInput = {
    organizationId,
    ownerId: actor.userId,
    title: fallbackTitle(titleText(content)),
    titleSource: 'fallback',
    modelConfigId,
    reasoningEffort,
    planMode: body.plan_mode === 'plan' ? 'plan' : null,
    clientType: body.client_type,
    labels: body.labels ?? {},
    dynamicTools: body.unsafe_dynamic_tools ?? [],
    systemMessages: systemMessages(body.system_prompt),
    userMessage: { role: 'user', content, createdBy: actor.userId, modelConfigId, reasoningEffort },
    ...(input.once === undefined ? {} : { once: input.once }),
  };
  const { chat } = accepted(await limits.within({ userId: actor.userId }, () => createChat(store, fresh)));
  models.remember(chat.id, organizationId);
  return chat;
}

/** The chat's own prompt: the model sees it, people do not. */
function systemMessages(prompt = ''): NewMessage[] {
  if (prompt.trim() === '') return [];
  return [{ role: 'system', content: [{ type: 'text', text: prompt }], visibility: 'model' }];
}
