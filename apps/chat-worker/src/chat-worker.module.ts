import { CachedChatSettings } from '@parley/chat-settings';
import { ModelCatalog } from '@parley/llm';
import { HealthModule, Metrics, MetricsModule, Readiness } from '@parley/service';
import { Module, type DynamicModule } from '@nestjs/common';
import { ConfigChangesController } from './config-changes.controller';

export interface ChatWorkerModuleOptions {
  readonly models: ModelCatalog;
  readonly chatSettings: CachedChatSettings;
  readonly metrics: Metrics;
  readonly readiness: Readiness;
}

/** Nest at the edge of the worker: health, metrics, and changes of configuration. The worker itself is a plain class. */
@Module({})
export class ChatWorkerModule {
  static create({ models, chatSettings, metrics, readiness }: ChatWorkerModuleOptions): DynamicModule {
    return {
      module: ChatWorkerModule,
      imports: [HealthModule.forRoot(readiness), MetricsModule.forRoot(metrics)],
      controllers: [ConfigChangesController],
      providers: [
        { provide: ModelCatalog, useValue: models },
        { provide: CachedChatSettings, useValue: chatSettings },
      ],
    };
  }
}
