import type { ConfigChanged } from '@parley/contracts';
import { Identity } from '@parley/identity';
import type { BusContext } from '@parley/service';
import { Controller, Inject } from '@nestjs/common';
import { Ctx, EventPattern, Payload } from '@nestjs/microservices';
import { StreamRelay } from './stream-relay';

/** Tokens that were revoked, and users that were suspended, lose their open streams. */
@Controller()
export class ConfigChangesController {
  constructor(
    @Inject(StreamRelay) private readonly relay: StreamRelay,
    @Inject(Identity) private readonly identity: Identity,
  ) {}

  @EventPattern<string>('config.*.changed')
  changed(@Payload() change: ConfigChanged, @Ctx() context: BusContext): void {
    const [, topic] = context.getSubject().split('.');
    if (topic !== 'api_keys' && topic !== 'users') return;
    this.identity.invalidate(change.id);
    this.relay.credentialsChanged(change.id);
  }
}
