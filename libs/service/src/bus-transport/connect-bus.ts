import type { INestApplication, INestMicroservice } from '@nestjs/common';
import { BusExceptionFilter } from './bus-exception.filter';
import { BusTransportStrategy, type BusTransportOptions } from './bus-transport-strategy';

/**
 * Puts the app's bus handlers on the bus. Call before `app.startAllMicroservices()`, which resolves when all are subscribed;
 * `app.close()` drains them. Drain the bus only after that.
 */
export function connectBus(app: INestApplication, options: BusTransportOptions): INestMicroservice {
  const strategy = new BusTransportStrategy(options);
  const microservice = app.connectMicroservice({ strategy }, { deferInitialization: true });
  return microservice.useGlobalFilters(new BusExceptionFilter());
}
