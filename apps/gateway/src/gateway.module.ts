/** Which class gets what. Everything that does I/O comes in from outside, so that main.ts and standalone compose the same module. */
import { randomUUID } from 'node:crypto';
import { Module, type DynamicModule, type Provider } from '@nestjs/common';
import { APP_FILTER, APP_GUARD } from '@nestjs/core';
import { CachedChatSettings, ChatSettingsStore } from '@parley/chat-settings';
import { readChat, type ChatStore } from '@parley/chat-state';
import { Database } from '@parley/database';
import { Identity, SecretBox } from '@parley/identity';
import { RateLimiter } from '@parley/key-value';
import { HealthModule, MetricsModule, NO_TRACER, tracedStore } from '@parley/service';
import { Groups, UsageLimits, UsageLimitSettings } from '@parley/spend';
import { AuthenticationGuard } from './auth/authentication.guard';
import { RateLimitGuard } from './auth/rate-limit.guard';
import { ChatAccess } from './chats/chat-access';
import { ChatsController } from './chats/chats.controller';
import { EditsController } from './chats/edits.controller';
import { ExpiredKeys } from './chats/expired-keys';
import { MessagesController } from './chats/messages.controller';
import { PromptsController } from './chats/prompts.controller';
import { QueueController } from './chats/queue.controller';
import { TitleProposals } from './chats/title-proposals';
import { TitleProposalsController } from './chats/title-proposals.controller';
import { ToolResultsController } from './chats/tool-results.controller';
import { TurnsController } from './chats/turns.controller';
import { CHAT_STORE, LOGGER, SETTINGS, STREAM_FORWARDER, type GatewayDependencies } from './dependencies';
import { DiffsController } from './diff-status/diffs.controller';
import { ExternalAuthController } from './diff-status/external-auth.controller';
import { GitRefresh } from './diff-status/git-refresh';
import { GithubWebhooksController } from './diff-status/github-webhooks.controller';
import { RawBodies } from './diff-status/raw-bodies';
import { ApiExceptionFilter } from './http/exception.filter';
import { RouteTable } from './http/route-table';
import { InsightsController } from './insights/insights.controller';
import { ModelChoices } from './models/model-choices';
import { selectModels } from './models/model-rows';
import { Models } from './models/models';
import { ModelsController } from './models/models.controller';
import { ProviderProbe } from './models/provider-probe';
import { Providers } from './models/providers';
import { ProvidersController } from './models/providers.controller';
import { UserKeys } from './models/user-keys';
import { UserKeysController } from './models/user-keys.controller';
import { UserProviderConfigsController } from './models/user-provider-configs.controller';
import { ChatConfigController } from './settings/chat-config.controller';
import { OrganizationConfigController } from './settings/organization-config.controller';
import { PersonalOverridesController } from './settings/personal-overrides.controller';
import { UserChatConfigController } from './settings/user-chat-config.controller';
import { BuildInfoController } from './site/build-info.controller';
import { ConfigChangesController } from './site/config-changes.controller';
import { CostsController } from './spend/costs.controller';
import { GroupsController } from './spend/groups.controller';
import { UsageLimitsController } from './spend/usage-limits.controller';
import { StreamsController } from './streams/streams.controller';
import { FirstUserController } from './users/first-user.controller';
import { OrganizationsController } from './users/organizations.controller';
import { SessionsController } from './users/sessions.controller';
import { TokensController } from './users/tokens.controller';
import { UsersController } from './users/users.controller';
import { WebpushController } from './webpush/webpush.controller';
import { WebpushRequests } from './webpush/webpush-requests';

const CONTROLLERS = [
  BuildInfoController,
  FirstUserController,
  SessionsController,
  UsersController,
  TokensController,
  OrganizationsController,
  ProvidersController,
  ModelsController,
  UserKeysController,
  UserProviderConfigsController,
  ChatConfigController,
  UserChatConfigController,
  OrganizationConfigController,
  PersonalOverridesController,
  ChatsController,
  MessagesController,
  EditsController,
  QueueController,
  TurnsController,
  TitleProposalsController,
  ToolResultsController,
  PromptsController,
  StreamsController,
  CostsController,
  UsageLimitsController,
  GroupsController,
  WebpushController,
  InsightsController,
  DiffsController,
  ExternalAuthController,
  GithubWebhooksController,
  ConfigChangesController,
];

@Module({})
export class GatewayModule {
  static create(dependencies: GatewayDependencies, routes: RouteTable): DynamicModule {
    const { readiness, metrics } = dependencies;
    return {
      module: GatewayModule,
      imports: [HealthModule.forRoot(readiness), MetricsModule.forRoot(metrics)],
      controllers: CONTROLLERS,
      providers: [
        ...outside(dependencies),
        { provide: RouteTable, useValue: routes },
        ChatAccess,
        RawBodies,
        { provide: APP_FILTER, useClass: ApiExceptionFilter },
        { provide: APP_GUARD, useClass: AuthenticationGuard },
        { provide: APP_GUARD, useClass: RateLimitGuard },
      ],
    };
  }
}

function outside(dependencies: GatewayDependencies): Provider[] {
  const { database, bus, keyValue, identity, secretBox, streamForwarder, logger, settings } = dependencies;
  const store: ChatStore = tracedStore({ database, bus }, dependencies.tracer ?? NO_TRACER);
  const chatSettings = new CachedChatSettings({ database, now: () => Date.now() });
  const models = new ModelChoices({
    settings: chatSettings,
    readModels: (organizationId) => selectModels(database, organizationId),
    readOrganizationOf: async (chatId) => (await readChat(database, { chatId }))?.organizationId ?? null,
  });
  const limits = new UsageLimits({ database, logger });
  // A hint that was published while the bus was away is lost: nothing remembered from before is trusted.
  bus.onReconnect(() => {
    identity.invalidate();
    models.invalidate();
    limits.invalidate();
    chatSettings.invalidate();
  });
  return [
    { provide: Database, useValue: database },
    { provide: Identity, useValue: identity },
    { provide: RateLimiter, useValue: new RateLimiter({ store: keyValue, logger }) },
    { provide: Providers, useValue: new Providers(database, bus, secretBox) },
    { provide: ProviderProbe, useValue: new ProviderProbe(secretBox) },
    { provide: Models, useValue: new Models(database, bus) },
    { provide: ModelChoices, useValue: models },
    { provide: CachedChatSettings, useValue: chatSettings },
    { provide: ChatSettingsStore, useValue: new ChatSettingsStore(database, bus) },
    { provide: UserKeys, useValue: new UserKeys(database, bus, secretBox) },
    { provide: WebpushRequests, useValue: new WebpushRequests({ bus, now: () => Date.now() }) },
    { provide: TitleProposals, useValue: new TitleProposals({ bus, createId: randomUUID }) },
    { provide: GitRefresh, useValue: new GitRefresh(bus, logger) },
    { provide: ExpiredKeys, useValue: new ExpiredKeys(database, logger) },
    { provide: SecretBox, useValue: secretBox },
    { provide: UsageLimits, useValue: limits },
    { provide: UsageLimitSettings, useValue: new UsageLimitSettings(database, bus) },
    { provide: Groups, useValue: new Groups(database, bus) },
    { provide: CHAT_STORE, useValue: store },
    { provide: STREAM_FORWARDER, useValue: streamForwarder },
    { provide: LOGGER, useValue: logger },
    { provide: SETTINGS, useValue: settings },
  ];
}
