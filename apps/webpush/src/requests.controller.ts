import { Controller } from '@nestjs/common';
import { MessagePattern, Payload } from '@nestjs/microservices';
import type {
  WebpushKeyReply,
  WebpushSubscribe,
  WebpushSubscribeReply,
  WebpushTest,
  WebpushTestReply,
  WebpushUnsubscribe,
  WebpushUnsubscribeReply,
} from '@parley/contracts';
import { VapidKeys } from './keys/vapid-keys';
import { Subscriptions } from './subscriptions/subscriptions';

/** One replica answers each request. */
const shared = { queue: 'webpush' };

/** What the gateway asks for. It has said who asks; here it is only done. */
@Controller()
export class RequestsController {
  constructor(
    private readonly subscriptions: Subscriptions,
    private readonly keys: VapidKeys,
  ) {}

  @MessagePattern('webpush.subscribe', shared)
  subscribe(@Payload() request: WebpushSubscribe): Promise<WebpushSubscribeReply> {
    return this.subscriptions.subscribe(request);
  }

  @MessagePattern('webpush.unsubscribe', shared)
  async unsubscribe(@Payload() request: WebpushUnsubscribe): Promise<WebpushUnsubscribeReply> {
    return { removed: await this.subscriptions.unsubscribe(request) };
  }

  @MessagePattern('webpush.test', shared)
  test(@Payload() request: WebpushTest): Promise<WebpushTestReply> {
    return this.subscriptions.test(request.user_id);
  }

  @MessagePattern('webpush.key', shared)
  async key(): Promise<WebpushKeyReply> {
    return { public_key: (await this.keys.current()).publicKey };
  }
}
