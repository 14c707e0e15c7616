import { HealthModule, Metrics, MetricsModule, Readiness } from '@parley/service';
import { Module, type DynamicModule } from '@nestjs/common';

/** Nest at the edge of gitsync: health and metrics. The worker itself is a plain class. */
@Module({})
export class GitsyncModule {
  static create({ metrics, readiness }: { metrics: Metrics; readiness: Readiness }): DynamicModule {
    return {
      module: GitsyncModule,
      imports: [HealthModule.forRoot(readiness), MetricsModule.forRoot(metrics)],
    };
  }
}
