import { ApiKey } from './api-key';
import { ChatModelConfig } from './chat-model-config';
import { ChatProvider } from './chat-provider';
import { Organization } from './organization';
import { OrganizationMember } from './organization-member';
import { User } from './user';
import { WebpushKey } from './webpush-key';
import { WebpushSubscription } from './webpush-subscription';

/** The administrative tables. Chats and messages have no entity: only chat-state touches them, in SQL. */
export const entities = [
  User,
  Organization,
  OrganizationMember,
  ApiKey,
  ChatProvider,
  ChatModelConfig,
  WebpushKey,
  WebpushSubscription,
];

export {
  ApiKey,
  ChatModelConfig,
  ChatProvider,
  Organization,
  OrganizationMember,
  User,
  WebpushKey,
  WebpushSubscription,
};
