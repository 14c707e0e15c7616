/** The gateway as an application, ready to listen: routes, bus handlers, upgrades. It closes none of its dependencies. */
import { NestFactory } from '@nestjs/core';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { subjects } from '@parley/contracts';
import { connectBus, NestLogger } from '@parley/service';
import type { GatewayDependencies } from './dependencies';
import { GatewayModule } from './gateway.module';
import { createFastify } from './http/fastify';
import { measureRequests } from './http/request-metrics';
import { listenForUpgrades } from './streams/upgrades';

/** Call `listen` on it (or `inject` in tests), and `close` before the dependencies are closed. */
export async function createGatewayApp(dependencies: GatewayDependencies): Promise<NestFastifyApplication> {
  const { adapter, routes } = createFastify(dependencies.settings);
  measureRequests(adapter.getInstance(), dependencies.metrics);
  const app = await NestFactory.create<NestFastifyApplication>(
    GatewayModule.create(dependencies, routes),
    adapter,
    { bodyParser: false, abortOnError: false, logger: new NestLogger(dependencies.logger) },
  );
  connectBus(app, { bus: dependencies.bus, subjects: [subjects.configChanged('*')] });
  await app.startAllMicroservices();
  await app.init();
  await adapter.getInstance().ready();
  listenForUpgrades(app.getHttpServer(), dependencies.streamForwarder);
  return app;
}
