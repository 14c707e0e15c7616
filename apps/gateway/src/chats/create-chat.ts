/** From a checked body to a running chat with its first message. */
import {
  createChat,
  type ChatHead,
  type ChatStore,
  type CreateChatInput,
  type OnceKey,
} from '@parley/chat-state';
import { systemRows, type ChatSettings } from '@parley/chat-settings';
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
  settings: ChatSettings;
  limits: UsageLimits;
  once: OnceKey | undefined;
}): Promise<ChatHead> {
  const { actor, body, store, models, settings, limits } = input;
  const organizationId = body.organization_id;
  if (!actor.organizationIds.includes(organizationId)) {
    throw forbidden('You are not a member of this organization.');
  }
  assertNoForeignParts(body);
  const content = toContent(body.content);
  const modelConfigId = await models.choose({
    organizationId,
    userId: actor.userId,
    requestedId: body.model_config_id,
  });
  const reasoningEffort = body.reasoning_effort ?? null;
  const systemMessages = await systemRows(settings, {
    organizationId,
    chatPrompt: body.system_prompt,
    hasWorkspace: false,
    isDelegated: false,
  });
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
    systemMessages,
    userMessage: { role: 'user', content, createdBy: actor.userId, modelConfigId, reasoningEffort },
    ...(input.once === undefined ? {} : { once: input.once }),
  };
  const { chat } = accepted(await limits.within({ userId: actor.userId }, () => createChat(store, fresh)));
  models.remember(chat.id, organizationId);
  return chat;
}
