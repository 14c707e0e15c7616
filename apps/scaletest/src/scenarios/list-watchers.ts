/** Two watch the list of the user's chats, as a sidebar does: it must say in the end what is true of this one. */
import { openPlainly, sendAndWait, type Scenario } from './scenario';

export const listWatchers: Scenario = {
  async open(chat, intendedAtMs) {
    await openPlainly(chat, intendedAtMs);
    await Promise.all([chat.clients.watchList(chat.chatId), chat.clients.watchList(chat.chatId)]);
  },
  act: sendAndWait,
};
