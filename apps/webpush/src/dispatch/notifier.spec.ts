import { randomUUID } from 'node:crypto';
import { createInProcessBus, type Bus } from '@parley/bus';
import { subjects, type PushTurnFinished } from '@parley/contracts';
import { createInProcessKeyValue, type KeyValue } from '@parley/key-value';
import { eventually } from '@parley/testing';
import { JOB_OPTIONS } from '../jobs.controller';
import type { VapidKeyPair, VapidKeys } from '../keys/vapid-keys';
import { MAX_PAYLOAD_BYTES, encodeNotification, turnNotification } from '../push/notification';
import type { PushOutcome, PushSender } from '../push/push-sender';
import { parseRetryAfterMs } from '../push/retry-after';
import type { SubscriptionBook } from '../subscriptions/subscription-book';
import { SubscriptionCache } from '../subscriptions/subscription-cache';
import type { StoredSubscription } from '../subscriptions/subscription-store';
import { DeliveryLog } from './delivery-log';
import { Dispatcher } from './dispatcher';
import { Notifier } from './notifier';
import { MAX_DELIVERIES, RetryLaterError, retryDelayMs } from './retry-later';

const { signal } = new AbortController();
const userId = randomUUID();
const job: PushTurnFinished = {
  chat_id: randomUUID(),
  owner_id: userId,
  history_version: 2,
  kind: 'finish',
  title: 'T',
  text: 'text',
  finished_at: new Date().toISOString(),
};
const stored = (id: string, vapidPublicKey = 'k1'): StoredSubscription => ({
  id,
  endpoint: `https://push.test/${id}`,
  p256dhKey: 'p',
  authKey: 'a',
  vapidPublicKey,
});

/** A notifier over rows, keys and answers that a test changes. */
function world(keyValue: KeyValue = createInProcessKeyValue()) {
  const state = {
    rows: [stored('1'), stored('2')],
    key: 'k1',
    sent: [] as string[],
    removed: [] as string[],
    answer: (_id: string): PushOutcome | Promise<PushOutcome> => ({ type: 'sent' }),
  };
  const cache = new SubscriptionCache({ load: () => Promise.resolve(state.rows), now: () => 0 });
  const book = {
    ofUser: (id: string) => cache.get(id),
    invalidate: (id: string) => cache.invalidate(id),
    removeGone: (_user: string, { id }: StoredSubscription) => {
      state.removed.push(id);
      return Promise.resolve();
    },
  } as unknown as SubscriptionBook;
  let known: VapidKeyPair | undefined;
  const keys = {
    current: () => Promise.resolve((known ??= { publicKey: state.key, privateKey: 's' })),
    invalidate: () => (known = undefined),
  } as unknown as VapidKeys;
  const sender = {
    send: async ({ target }: { target: StoredSubscription }) => {
      const outcome = await state.answer(target.id);
      if (outcome.type === 'sent') state.sent.push(target.id);
      return outcome;
    },
  } as unknown as PushSender;
  const deliveries = new DeliveryLog({ keyValue, claimMs: 1_000, rememberMs: 10_000 });
  const metrics = { dispatched: () => undefined, pushed: () => undefined, recovered: () => undefined };
  const logger = { info: () => undefined, warn: () => undefined };
  const notifier = new Notifier({ book, keys, sender, deliveries, metrics, logger });
  const notify = () => notifier.notify({ userId, notification: turnNotification(job), job }, signal);
  return { state, cache, deliveries, notifier, notify, metrics };
}

const later: PushOutcome = { type: 'later', afterMs: 3_000, reason: 'busy' };

describe('A notification', () => {
  it('reaches each browser once, however often its job comes back', async () => {
    const { state, notify } = world();
    state.answer = (id) => (id === '1' && !state.sent.includes('2') ? later : { type: 'sent' });
    await notify();
    await notify();
    await notify();
    expect(state.sent.toSorted()).toEqual(['1', '2']);
  });

  it('is not sent by two replicas at once: the second one waits for what came of the first', async () => {
    const keyValue = createInProcessKeyValue();
    const [one, two] = [world(keyValue), world(keyValue)];
    let finish = (): void => undefined;
    const slow = new Promise<void>((resolve) => (finish = resolve));
    one.state.answer = () => slow.then((): PushOutcome => ({ type: 'sent' }));
    const first = one.notify();
    await eventually(async () =>
      expect((await two.notify()).map(({ type }) => type)).toEqual(['later', 'later']),
    );
    finish();
    await first;
    expect((await two.notify()).map(({ type }) => type)).toEqual(['sent_before', 'sent_before']);
    expect(two.state.sent).toEqual([]);
  });

  it('is sent also while the store that remembers is away', async () => {
    const keyValue = createInProcessKeyValue();
    const { state, notify } = world(keyValue);
    await keyValue.close();
    await notify();
    expect(state.sent.toSorted()).toEqual(['1', '2']);
  });

  it('is not sent to a browser that was removed after the list was read: the list is read again', async () => {
    const { state, cache, deliveries, notify } = world();
    const claim = deliveries.claim.bind(deliveries);
    deliveries.claim = async (key) => {
      // Between the list and the push the first browser is removed, and the word of it arrives.
      if (state.rows.length === 2) {
        state.rows = [stored('2')];
        cache.invalidate(userId);
      }
      return claim(key);
    };
    expect(await notify()).toEqual([{ type: 'sent' }]);
    expect(state.sent).toEqual(['2']);
  });

  it('is signed with the key the browser subscribed with: a replaced key is fetched, and what an old one left is not used', async () => {
    const { state, cache, notify } = world();
    await notify();
    expect(state.sent).toHaveLength(2);
    state.key = 'k2';
    state.rows = [stored('3', 'k2')];
    cache.invalidate();
    expect(await notify()).toEqual([{ type: 'sent' }]);
    // A list from before the replacement: the rows are gone, and the next read shows it.
    state.rows = [stored('4', 'k1')];
    cache.invalidate();
    await cache.get(userId);
    state.rows = [];
    expect(await notify()).toEqual([]);
    expect(state.sent.toSorted()).toEqual(['1', '2', '3']);
  });

  it('to browsers that change all the time is tried again later', async () => {
    const { state, cache, deliveries, notify } = world();
    deliveries.claim = () => {
      cache.invalidate(userId);
      return Promise.resolve('claimed');
    };
    expect((await notify()).map(({ type }) => type)).toEqual(['later']);
    expect(state.sent).toEqual([]);
  });

  it('removes a browser that has gone whatever comes of the others', async () => {
    const { state, notify } = world();
    state.answer = (id) => {
      if (id === '1') return { type: 'gone' };
      throw new Error('a bug');
    };
    await expect(notify()).rejects.toThrow('a bug');
    expect(state.removed).toEqual(['1']);
    state.answer = () => ({ type: 'sent' });
    expect((await notify()).map(({ type }) => type)).toContain('sent');
  });
});

describe('A job', () => {
  let bus: Bus;
  beforeEach(() => {
    bus = createInProcessBus();
  });
  afterEach(() => bus.drain());

  it('that cannot be sent for long becomes a dead letter', async () => {
    const { state, notifier, metrics } = world();
    state.answer = () => later;
    const presence = { isWatching: () => Promise.resolve(false) };
    const dispatcher = new Dispatcher({
      notifier,
      presence,
      metrics,
      maxAgeMs: 1_000_000,
      now: Date.now,
      signal,
    });
    const queue = bus.workQueue(subjects.pushTurnFinished());
    await queue.consume((payload) => dispatcher.dispatch(payload), { ...JOB_OPTIONS, retryDelayMs: () => 1 });
    await queue.add(job, { messageId: 'job' });
    await eventually(async () => expect((await queue.deadLetters()).count).toBe(1));
    const { letters } = await queue.deadLetters();
    expect(letters).toMatchObject([{ messageId: 'job', deliveries: MAX_DELIVERIES, payload: job }]);
  });

  it('comes back ever later, and not before the push service allows', () => {
    for (let deliveries = 1; deliveries < MAX_DELIVERIES; deliveries += 1) {
      const fullMs = 1_000 * 4 ** (deliveries - 1);
      const delayMs = retryDelayMs(deliveries, new Error('any'));
      expect(delayMs).toBeLessThanOrEqual(fullMs);
      expect(delayMs).toBeGreaterThanOrEqual(fullMs * 0.75);
      expect(retryDelayMs(deliveries, new RetryLaterError('busy', 600_000))).toBe(600_000);
      expect(retryDelayMs(deliveries, new RetryLaterError('busy', 86_400_000))).toBe(900_000);
    }
  });

  it.each([
    [undefined, undefined],
    ['', undefined],
    ['soon', undefined],
    ['120', 120_000],
    [' 5 ', 5_000],
    ['Thu, 01 Jan 1970 00:01:40 GMT', 60_000],
    ['Thu, 01 Jan 1970 00:00:00 GMT', 0],
  ])('a Retry-After of %s is %s ms', (header, expected) => {
    expect(parseRetryAfterMs(header, 40_000)).toBe(expected);
  });
});

describe('The text of a notification', () => {
  it('is what is in the job, or says what happened', () => {
    const body = (changed: Partial<PushTurnFinished>): string =>
      turnNotification({ ...job, ...changed }).body;
    expect(body({ text: ' a \n b ' })).toBe('a b');
    expect(body({ text: '' })).toBe('The answer is ready.');
    expect(body({ text: ' ', kind: 'error' })).toBe('The answer could not be completed.');
    expect(body({ text: '', kind: 'requires_action' })).toBe('The chat waits for you.');
    expect(turnNotification({ ...job, title: ' ' }).title).toBe('Chat');
  });

  it('is as much of it as fits', () => {
    for (const character of ['x', 'é', '"', '\u{1F600}']) {
      for (const count of [0, 1, 900, 1_900, 3_700, 4_096]) {
        const notification = turnNotification({ ...job, text: character.repeat(count) });
        const bytes = Buffer.byteLength(encodeNotification(notification));
        expect(bytes).toBeLessThanOrEqual(MAX_PAYLOAD_BYTES);
        const isWhole = Buffer.byteLength(JSON.stringify(notification)) <= MAX_PAYLOAD_BYTES;
        if (!isWhole) expect(bytes).toBeGreaterThan(MAX_PAYLOAD_BYTES - 8);
      }
    }
  });
});
