import { CachedChatSettings } from '@parley/chat-settings';
import { CheapModels, ModelCatalog } from '@parley/llm';
import { HealthModule, Metrics, MetricsModule, Readiness } from '@parley/service';
import { UsageLimits } from '@parley/spend';
import { Module, type DynamicModule } from '@nestjs/common';
import { TitleProposals } from './auxiliary/title-proposals';
import { ConfigChangesController } from './config-changes.controller';
import { TitleProposalsController } from './title-proposals.controller';

export interface ChatWorkerModuleOptions {
  readonly models: ModelCatalog;
  readonly chatSettings: CachedChatSettings;
  readonly cheapModels: CheapModels;
  readonly limits: UsageLimits;
  readonly titleProposals: TitleProposals;
  readonly metrics: Metrics;
  readonly readiness: Readiness;
}

/** Nest at the edge of the worker: health, metrics, changes of configuration, and proposals of titles. The worker itself is a plain class. */
@Module({})
export class ChatWorkerModule {
  static create(options: ChatWorkerModuleOptions): DynamicModule {
    const { models, chatSettings, cheapModels, limits, titleProposals, metrics, readiness } = options;
    return {
      module: ChatWorkerModule,
      imports: [HealthModule.forRoot(readiness), MetricsModule.forRoot(metrics)],
      controllers: [ConfigChangesController, TitleProposalsController],
      providers: [
        { provide: ModelCatalog, useValue: models },
        { provide: CachedChatSettings, useValue: chatSettings },
        { provide: CheapModels, useValue: cheapModels },
        { provide: UsageLimits, useValue: limits },
        { provide: TitleProposals, useValue: titleProposals },
      ],
    };
  }
}
