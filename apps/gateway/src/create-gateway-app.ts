/** The gateway as an application, ready to listen: routes, bus handlers, upgrades. It closes none of its dependencies. */
import { NestFactory } from '@nestjs/core';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { subjects } from '@parley/contracts';
import { connectBus, exposeBus, exposeDatabase, NestLogger, NO_TRACER, serveDebug } from '@parley/service';
import type { GatewayDependencies } from './dependencies';
import { GatewayModule } from './gateway.module';
import { createFastify } from './http/fastify';
import { measureRequests } from './http/request-metrics';
import { traceRequests } from './http/request-traces';
import { listenForUpgrades } from './streams/upgrades';

/** Call `listen` on it (or `inject` in tests), and `close` before the dependencies are closed. */
export async function createGatewayApp(dependencies: GatewayDependencies): Promise<NestFastifyApplication> {
  const { adapter, routes } = createFastify(dependencies.settings);
  const { bus, database, metrics, tracer = NO_TRACER, isDebuggable = false } = dependencies;
  measureRequests(adapter.getInstance(), metrics);
  traceRequests(adapter.getInstance(), tracer);
  serveDebug(adapter.getInstance(), { isEnabled: isDebuggable });
  exposeDatabase(metrics, database);
  exposeBus(metrics, bus);
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
