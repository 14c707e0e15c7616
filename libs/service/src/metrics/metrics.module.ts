import {
  Controller,
  Get,
  Headers,
  Inject,
  Module,
  Res,
  UnauthorizedException,
  type DynamicModule,
} from '@nestjs/common';
import { Metrics } from './metrics';

interface Reply {
  header(name: string, value: string): unknown;
}

@Controller()
export class MetricsController {
  constructor(@Inject(Metrics) private readonly metrics: Metrics) {}

  @Get('metrics')
  scrape(
    @Res({ passthrough: true }) reply: Reply,
    @Headers('authorization') authorization?: string,
  ): Promise<string> {
    if (!this.metrics.isOpenTo(authorization))
      throw new UnauthorizedException('Metrics take the token of METRICS_TOKEN, as a bearer.');
    reply.header('content-type', this.metrics.contentType);
    return this.metrics.render();
  }
}

/** `GET /metrics` for a Nest app; other providers may inject `Metrics`. */
@Module({})
export class MetricsModule {
  static forRoot(metrics: Metrics): DynamicModule {
    return {
      module: MetricsModule,
      global: true,
      controllers: [MetricsController],
      providers: [{ provide: Metrics, useValue: metrics }],
      exports: [Metrics],
    };
  }
}
