/** A turn, then the chat is put away: it takes no message until it is taken out again. */
import { RefusedError } from '../generator/errors';
import { openPlainly, type Scenario } from './scenario';

export const archive: Scenario = {
  open: openPlainly,
  async act(chat, intendedAtMs) {
    await chat.turn({ intendedAtMs });
    await expectStatus(chat.setArchived(true), 204, 'archive');
    await expectStatus(
      chat.change('POST', '/messages', { content: [{ type: 'text', text: 'Nobody should take this.' }] }),
      400,
      'message to an archived chat',
    );
    await expectStatus(chat.setArchived(false), 204, 'unarchive');
  },
};

async function expectStatus(status: Promise<number>, wanted: number, what: string): Promise<void> {
  const actual = await status;
  if (actual !== wanted) throw new RefusedError(what, actual, `expected ${wanted}`);
}
