import { createInProcessBus, type Bus } from '@parley/bus';
import { subjects, type ChatParts, type LivePart } from '@parley/contracts';
import { FakeClock } from '@parley/testing';
import { setImmediate as turn } from 'node:timers/promises';
import { Episodes } from './episodes';
import { PartsPublisher } from './parts-publisher';

const chatId = '018f0000-0000-7000-8000-000000000001';
const key = { chatId, historyVersion: 3, generationAttempt: 0 };
const text = (value: string): LivePart => ({ role: 'assistant', part: { type: 'text', text: value } });
const argument = (id: string, delta: string): LivePart => ({
  role: 'assistant',
  part: { type: 'tool-call', tool_call_id: id, tool_name: 'look', args_delta: delta },
});

describe('PartsPublisher', () => {
  let bus: Bus;
  let clock: FakeClock;
  let episodes: Episodes;
  let publisher: PartsPublisher;
  let batches: ChatParts[];
  let refusals: unknown[];

  beforeEach(async () => {
    bus = createInProcessBus();
    clock = new FakeClock();
    episodes = new Episodes({ now: () => clock.now() });
    batches = [];
    refusals = [];
    await bus.subscribe(subjects.chatParts(chatId), (parts) => void batches.push(parts));
    const onRefusal = (error: unknown): void => void refusals.push(error);
    publisher = new PartsPublisher({ bus, clock, episodes, key, onRefusal });
  });

  afterEach(async () => {
    await publisher.close();
    await bus.drain();
    expect(refusals).toEqual([]);
    expect(clock.sleepers()).toEqual([]);
  });

  const allParts = (): LivePart[] => batches.flatMap((batch) => batch.parts);
  const delivered = async (): Promise<void> => {
    for (let i = 0; i < 3; i += 1) await turn();
  };

  it('the first part goes out at once, the next ones together at the next tick', async () => {
    publisher.push(text('Hel'));
    await delivered();
    expect(batches).toHaveLength(1);
    publisher.push(text('lo '));
    publisher.push(text('world'));
    await delivered();
    expect(batches).toHaveLength(1);
    await clock.advance(30);
    await delivered();
    expect(batches[1]).toMatchObject({ first_seq: 2, parts: [text('lo world')] });
  });

  it('a part that comes after a pause does not wait', async () => {
    publisher.push(text('a'));
    await clock.advance(31);
    publisher.push(text('b'));
    await delivered();
    expect(batches).toHaveLength(2);
  });

  it('numbers run without holes from 1 over all batches', async () => {
    publisher.push(text('a'));
    publisher.push({ role: 'assistant', part: { type: 'reasoning', text: 'hm' } });
    publisher.push(text('b'));
    publisher.push(argument('1', '{"x'));
    publisher.push(argument('2', '{}'));
    publisher.push(argument('2', ' '));
    await clock.advance(30);
    publisher.push(text('c'));
    await publisher.close();
    await delivered();
    let next = 1;
    for (const batch of batches) {
      expect(batch.first_seq).toBe(next);
      next += batch.parts.length;
    }
    expect(allParts()).toHaveLength(6);
    expect(allParts()).toContainEqual(argument('2', '{} '));
  });

  it('8 KiB go out without waiting', async () => {
    publisher.push(text('a'));
    publisher.push(text('b'.repeat(8 * 1024)));
    await delivered();
    expect(batches).toHaveLength(2);
  });

  it('a delta larger than the bus carries goes out in pieces', async () => {
    const large = 'é'.repeat(700_000);
    publisher.push(text(large));
    await publisher.close();
    await delivered();
    expect(
      allParts()
        .map(({ part }) => (part.type === 'text' ? part.text : ''))
        .join(''),
    ).toBe(large);
  });

  it('a character is never torn apart when a delta is cut', async () => {
    const large = `x${'\u{1f600}'.repeat(40_000)}`;
    publisher.push(text(large));
    await publisher.close();
    await delivered();
    const texts = allParts().map(({ part }) => (part.type === 'text' ? part.text : ''));
    expect(texts.length).toBeGreaterThan(1);
    expect(texts.every((each) => each.isWellFormed())).toBe(true);
    expect(texts.join('')).toBe(large);
  });

  it('closing sends what is left and closes the episode', async () => {
    publisher.push(text('a'));
    publisher.push(text('b'));
    await publisher.close();
    await delivered();
    expect(allParts()).toEqual([text('a'), text('b')]);
    expect(episodes.answer({ chat_id: chatId, after_seq: 0 }).episode).toMatchObject({ is_closed: true });
  });
});
