import { Controller } from '@nestjs/common';
import { EventPattern, Payload } from '@nestjs/microservices';
import type { PushTurnFinished } from '@parley/contracts';
import { Dispatcher } from './dispatch/dispatcher';
import { MAX_DELIVERIES, retryDelayMs } from './dispatch/retry-later';

/** How the queue of finished turns is consumed. */
export const JOB_OPTIONS = {
  workQueue: true,
  concurrency: 16,
  // The jobs of a replica that died go to the others after this.
  ackWaitMs: 10_000,
  maxDeliveries: MAX_DELIVERIES,
  retryDelayMs,
};

/** The work queue of finished turns; replicas share it. */
@Controller()
export class JobsController {
  constructor(private readonly dispatcher: Dispatcher) {}

  @EventPattern<string>('push.turn_finished', JOB_OPTIONS)
  turnFinished(@Payload() job: PushTurnFinished): Promise<void> {
    return this.dispatcher.dispatch(job);
  }
}
