import { Controller } from '@nestjs/common';
import { EventPattern, Payload } from '@nestjs/microservices';
import type { ConfigChanged } from '@parley/contracts';
import { VapidKeys } from './keys/vapid-keys';
import { SubscriptionBook } from './subscriptions/subscription-book';

/** Forgets what another replica has changed: a user's subscriptions, or, with no user named, all of them and the server key. */
@Controller()
export class ConfigChangesController {
  constructor(
    private readonly book: SubscriptionBook,
    private readonly keys: VapidKeys,
  ) {}

  @EventPattern<string>('config.subscriptions.changed')
  changed(@Payload() { id }: ConfigChanged): void {
    this.book.invalidate(id);
    if (id === undefined) this.keys.invalidate();
  }
}
