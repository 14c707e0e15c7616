/** Answers on the bus as the webpush service would, with what a test says, and keeps what it was asked. */
import type { Bus } from '@parley/bus';
import {
  subjects,
  type WebpushSubscribe,
  type WebpushSubscribeReply,
  type WebpushTestReply,
} from '@parley/contracts';

export interface WebpushStandIn {
  readonly asked: WebpushSubscribe[];
  subscribeReply: WebpushSubscribeReply;
  testReply: WebpushTestReply;
  isKnown: boolean;
  publicKey: string;
}

export async function standInForWebpush(bus: Bus): Promise<WebpushStandIn> {
  const standIn: WebpushStandIn = {
    asked: [],
    subscribeReply: { result: 'stored' },
    testReply: { result: 'done', sent: 1, failed: 0 },
    isKnown: true,
    publicKey: 'the-public-key',
  };
  await bus.respond(subjects.webpushSubscribe(), (request) => {
    standIn.asked.push(request);
    return standIn.subscribeReply;
  });
  await bus.respond(subjects.webpushUnsubscribe(), () => ({ removed: standIn.isKnown }));
  await bus.respond(subjects.webpushTest(), () => standIn.testReply);
  await bus.respond(subjects.webpushKey(), () => ({ public_key: standIn.publicKey }));
  return standIn;
}
