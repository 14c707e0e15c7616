import { setImmediate as turn } from 'node:timers/promises';
import { eventually, FakeClock } from '@parley/testing';
import type { Start } from './attach';
import { ChatView, ViewStream } from './testing/chat-view';
import { ModelChat } from './testing/model-chat';
import { chatId, Replica } from './testing/replica';

describe('WatchedFeed', () => {
  it('replays a long history page by page, each when the viewer has taken the one before', async () => {
    const chat = new ModelChat(chatId);
    chat.send('begin');
    for (let index = 0; index < 1_000; index += 1) chat.commitStep(`step ${index}`);
    const replica = new Replica(chat, new FakeClock(), () => true);
    await replica.watched.start();
    let take = (): void => undefined;
    const view = new ChatView();
    const stream = new ViewStream(view, () => new Promise((resolve) => (take = resolve)));
    replica.watched.attach(stream, { afterId: 0 });
    await eventually(() => view.messages.size > 0);
    for (let turns = 0; turns < 20; turns += 1) await turn();
    const firstPage = view.messages.size;
    expect(firstPage).toBeLessThanOrEqual(200);
    chat.commitStep('meanwhile');
    for (const published of chat.published.slice(-1)) replica.deliver(published, 'arrives');
    await eventually(() => {
      take();
      return view.status === 'running';
    });
    expect([...view.messages.values()]).toEqual(chat.visible);
    expect([stream.faults, replica.metrics.historyReads >= 5]).toEqual([[], true]);
    await replica.watched.close();
  });

  it('a storm of viewers with cursors costs no read, and viewers who want the same page share it', async () => {
    const chat = new ModelChat(chatId);
    chat.send('begin');
    for (let index = 0; index < 20; index += 1) chat.commitStep(`step ${index}`);
    const replica = new Replica(chat, new FakeClock(), () => true);
    await replica.watched.start();
    const storm = (start: () => Start): ViewStream[] =>
      Array.from({ length: 100 }, () => {
        const stream = new ViewStream(new ChatView());
        replica.watched.attach(stream, start());
        return stream;
      });
    const fresh = storm(() => ({ afterId: 0 }));
    await eventually(() => fresh.every(({ view }) => view.status === 'running'));
    expect(replica.metrics.historyReads).toBe(1);
    const again = storm(() => ({ cursor: replica.watched.feed.cursor }));
    chat.commitStep('news');
    for (let turns = 0; turns < 5; turns += 1) await turn();
    for (const published of chat.published.slice(-1)) replica.deliver(published, 'arrives');
    expect(again.every(({ view }) => view.messages.size === 1)).toBe(true);
    const { firstReads, catchUpReads, historyReads } = replica.metrics;
    expect([firstReads, catchUpReads, historyReads]).toEqual([1, 0, 1]);
    await replica.watched.close();
  });

  it('one read serves all that comes while it runs, and reads that bring nothing become rare', async () => {
    const chat = new ModelChat(chatId);
    chat.send('begin');
    const clock = new FakeClock();
    const replica = new Replica(chat, clock, () => true);
    await replica.watched.start();
    replica.watched.noteVersion(1_000_000);
    for (let rounds = 0; rounds < 20; rounds += 1) {
      await clock.advance(100);
      for (let turns = 0; turns < 8; turns += 1) await turn();
    }
    // 50 ms, 100, 200, 400, 400, … in two seconds.
    expect(replica.metrics.catchUpReads).toBeGreaterThan(3);
    expect(replica.metrics.catchUpReads).toBeLessThan(9);
    await replica.watched.close();
  });

  it('shows what is committed though the bus never confirms the subscription', async () => {
    const chat = new ModelChat(chatId);
    chat.send('begin');
    const clock = new FakeClock();
    const replica = new Replica(chat, clock, () => true, { confirms: false });
    const starting = replica.watched.start();
    await clock.waitForSleeper('confirm');
    await clock.advance(1_000);
    expect(await starting).toBe(true);
    const stream = new ViewStream(new ChatView());
    replica.watched.attach(stream, { afterId: 0 });
    await eventually(() => stream.view.status === 'running');
    chat.finish('answer');
    replica.watched.noteVersion(chat.head.version);
    await clock.waitForSleeper('change gap');
    await clock.advance(50);
    await eventually(() => stream.view.status === 'waiting');
    await replica.watched.close();
  });
});
