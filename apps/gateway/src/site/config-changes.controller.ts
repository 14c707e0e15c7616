/** Drops from the caches of this process what any replica has changed. A lost message is made up for by the caches' short lives. */
import { Controller } from '@nestjs/common';
import { Ctx, EventPattern, Payload } from '@nestjs/microservices';
import { CachedChatSettings } from '@parley/chat-settings';
import type { ConfigChanged } from '@parley/contracts';
import { Identity } from '@parley/identity';
import { BusContext } from '@parley/service';
import { UsageLimits } from '@parley/spend';
import { ModelChoices } from '../models/model-choices';

@Controller()
export class ConfigChangesController {
  constructor(
    private readonly identity: Identity,
    private readonly models: ModelChoices,
    private readonly limits: UsageLimits,
    private readonly chatSettings: CachedChatSettings,
  ) {}

  @EventPattern<string>('config.*.changed')
  changed(@Payload() { id }: ConfigChanged, @Ctx() context: BusContext): void {
    const [, topic] = context.getSubject().split('.');
    if (topic === 'api_keys' || topic === 'users') this.identity.invalidate(id);
    if (topic === 'models' || topic === 'providers') this.models.invalidate();
    if (topic === 'usage_limits') this.limits.invalidate();
    if (topic === 'chat_settings') this.chatSettings.invalidate(id);
  }
}
