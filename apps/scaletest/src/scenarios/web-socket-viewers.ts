/** Three more watch with the public client: two over WebSockets, one over SSE. */
import { openPlainly, sendAndWait, type Scenario } from './scenario';

export const webSocketViewers: Scenario = {
  async open(chat, intendedAtMs) {
    await openPlainly(chat, intendedAtMs);
    for (const transport of ['web-socket', 'web-socket', 'sse'] as const)
      chat.clients.follow(chat.chatId, transport);
  },
  act: sendAndWait,
};
