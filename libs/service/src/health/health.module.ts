import { Controller, Get, Inject, Module, Res, type DynamicModule } from '@nestjs/common';
import { Readiness, type ReadinessReport } from './readiness';

/** What a Fastify reply and an Express response have in common. */
interface Reply {
  status(code: number): unknown;
}

@Controller()
export class HealthController {
  constructor(@Inject(Readiness) private readonly readiness: Readiness) {}

  @Get('healthz')
  live(): { status: 'ok' } {
    return { status: 'ok' };
  }

  @Get('readyz')
  async ready(@Res({ passthrough: true }) reply: Reply): Promise<ReadinessReport> {
    const report = await this.readiness.report();
    if (report.status !== 'ok') reply.status(503);
    return report;
  }
}

/** `GET /healthz` and `GET /readyz` for a Nest app. */
@Module({})
export class HealthModule {
  static forRoot(readiness: Readiness): DynamicModule {
    return {
      module: HealthModule,
      controllers: [HealthController],
      providers: [{ provide: Readiness, useValue: readiness }],
    };
  }
}
