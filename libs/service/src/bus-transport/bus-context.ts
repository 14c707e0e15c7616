import type { BusHeaders, JobContext, MessageContext } from '@parley/bus';
import { BaseRpcContext } from '@nestjs/microservices';

/** What a handler gets with `@Ctx()`. */
export class BusContext extends BaseRpcContext<[MessageContext | JobContext]> {
  /** The concrete subject, also where the pattern has wildcards. */
  getSubject(): string {
    return this.args[0].subject;
  }

  getHeaders(): BusHeaders {
    return this.args[0].headers;
  }

  /** Only for jobs of a work queue. */
  getJob(): JobContext | undefined {
    return 'messageId' in this.args[0] ? this.args[0] : undefined;
  }
}
