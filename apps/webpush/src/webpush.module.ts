import { Module, type DynamicModule } from '@nestjs/common';
import { HealthModule, Metrics, MetricsModule, Readiness } from '@parley/service';
import { ConfigChangesController } from './config-changes.controller';
import { Dispatcher } from './dispatch/dispatcher';
import { JobsController } from './jobs.controller';
import { VapidKeys } from './keys/vapid-keys';
import { RequestsController } from './requests.controller';
import { SubscriptionBook } from './subscriptions/subscription-book';
import { Subscriptions } from './subscriptions/subscriptions';
import type { WebpushParts } from './webpush-parts';

export interface WebpushModuleOptions {
  readonly parts: WebpushParts;
  readonly metrics: Metrics;
  readonly readiness: Readiness;
}

/** Nest at the edge of webpush: health, metrics, and the bus. What is done is done by plain classes. */
@Module({})
export class WebpushModule {
  static create({ parts, metrics, readiness }: WebpushModuleOptions): DynamicModule {
    return {
      module: WebpushModule,
      imports: [HealthModule.forRoot(readiness), MetricsModule.forRoot(metrics)],
      controllers: [JobsController, RequestsController, ConfigChangesController],
      providers: [
        { provide: Dispatcher, useValue: parts.dispatcher },
        { provide: Subscriptions, useValue: parts.subscriptions },
        { provide: SubscriptionBook, useValue: parts.book },
        { provide: VapidKeys, useValue: parts.keys },
      ],
    };
  }
}
