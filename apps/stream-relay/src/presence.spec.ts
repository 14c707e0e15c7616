import { createInProcessBus, NoResponderError, type Bus } from '@parley/bus';
import { subjects } from '@parley/contracts';
import { setImmediate as turn } from 'node:timers/promises';
import { Presence } from './presence';

const viewer = {
  userId: '11111111-1111-4111-8111-111111111111',
  chatId: '22222222-2222-4222-8222-222222222222',
};
const logger = { warn: (): void => undefined };

async function isWatching(bus: Bus, { userId, chatId } = viewer): Promise<boolean> {
  try {
    return (await bus.request(subjects.presence(userId, chatId), {}, { timeoutMs: 20_000 })).is_watching;
  } catch (error) {
    if (error instanceof NoResponderError) return false;
    throw error;
  }
}

describe('Presence', () => {
  let bus: Bus;
  beforeEach(() => {
    bus = createInProcessBus();
  });
  afterEach(() => bus.drain());

  test('a user looks at a chat from the first stream on until the last has ended', async () => {
    const presence = new Presence({ bus, logger });
    expect(await isWatching(bus)).toBe(false);
    const leaveFirst = presence.enter(viewer);
    const leaveSecond = presence.enter(viewer);
    expect(await isWatching(bus)).toBe(true);
    leaveFirst();
    leaveFirst();
    expect(await isWatching(bus)).toBe(true);
    leaveSecond();
    expect(await isWatching(bus)).toBe(false);
  });

  test('a stream on one relay counts, whatever others have, and only for that chat', async () => {
    const [one, two] = [new Presence({ bus, logger }), new Presence({ bus, logger })];
    const leaveOne = one.enter(viewer);
    const leaveTwo = two.enter(viewer);
    leaveOne();
    expect(await isWatching(bus)).toBe(true);
    expect(await isWatching(bus, { ...viewer, chatId: viewer.userId })).toBe(false);
    leaveTwo();
    expect(await isWatching(bus)).toBe(false);
  });

  test('one who has left before the bus knew is not shown', async () => {
    const presence = new Presence({ bus, logger });
    presence.enter(viewer)();
    await turn();
    expect(await isWatching(bus)).toBe(false);
    const leave = presence.enter(viewer);
    expect(await isWatching(bus)).toBe(true);
    leave();
  });
});
