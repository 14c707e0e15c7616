import { Identity } from '@parley/identity';
import { HealthModule, MetricsModule, type Metrics, type Readiness } from '@parley/service';
import { Module, type DynamicModule } from '@nestjs/common';
import { ConfigChangesController } from './config-changes.controller';
import { StreamRelay } from './stream-relay';

export interface StreamRelayModuleOptions {
  readonly relay: StreamRelay;
  readonly identity: Identity;
  readonly metrics: Metrics;
  readonly readiness: Readiness;
}

/** Nest at the edge of the relay: health, metrics, and changes of tokens. Streams never pass through it. */
@Module({})
export class StreamRelayModule {
  static create({ relay, identity, metrics, readiness }: StreamRelayModuleOptions): DynamicModule {
    return {
      module: StreamRelayModule,
      imports: [HealthModule.forRoot(readiness), MetricsModule.forRoot(metrics)],
      controllers: [ConfigChangesController],
      providers: [
        { provide: StreamRelay, useValue: relay },
        { provide: Identity, useValue: identity },
      ],
    };
  }
}
