import { CachedChatSettings } from '@parley/chat-settings';
import { CheapModels, ModelCatalog } from '@parley/llm';
import type { BusContext } from '@parley/service';
import { UsageLimits } from '@parley/spend';
import type { ConfigChanged } from '@parley/contracts';
import { Controller, Inject } from '@nestjs/common';
import { Ctx, EventPattern, Payload } from '@nestjs/microservices';

/** Configuration that changed is read anew by the next turn. */
@Controller()
export class ConfigChangesController {
  constructor(
    @Inject(ModelCatalog) private readonly models: ModelCatalog,
    @Inject(CachedChatSettings) private readonly chatSettings: CachedChatSettings,
    @Inject(CheapModels) private readonly cheapModels: CheapModels,
    @Inject(UsageLimits) private readonly limits: UsageLimits,
  ) {}

  @EventPattern<string>('config.*.changed')
  changed(@Payload() change: ConfigChanged, @Ctx() context: BusContext): void {
    const [, topic] = context.getSubject().split('.');
    if (topic === 'models' || topic === 'providers') {
      this.models.invalidate(change.id);
      this.cheapModels.invalidate();
    }
    if (topic === 'usage_limits') this.limits.invalidate();
    if (topic === 'chat_settings') this.chatSettings.invalidate(change.id);
  }
}
