import { createInProcessBus, type Bus } from '@parley/bus';
import type { ClosingReason, Viewer } from './viewer';
import { WatchLists } from './watch-lists';

const USER = '00000000-0000-4000-8000-000000000001';

/** A bus in process whose reconnects are made by hand. */
function reconnectingBus(): { bus: Bus; reconnect: () => void; listeners: ReadonlySet<() => void> } {
  const listeners = new Set<() => void>();
  const bus = new Proxy(createInProcessBus(), {
    get(target, key): unknown {
      if (key === 'onReconnect') {
        return (listener: () => void) => {
          listeners.add(listener);
          return () => listeners.delete(listener);
        };
      }
      const value: unknown = Reflect.get(target, key);
      return typeof value === 'function' ? (value.bind(target) as unknown) : value;
    },
  });
  return { bus, listeners, reconnect: () => listeners.forEach((listener) => listener()) };
}

function recordingViewer(closings: ClosingReason[]): Viewer {
  let onEnd = (): void => undefined;
  return {
    isClosed: false,
    send: () => undefined,
    flushed: () => Promise.resolve(),
    heartbeat: () => undefined,
    destroy: () => undefined,
    close: (reason) => {
      closings.push(reason);
      onEnd();
    },
    onClosed: (listener) => (onEnd = listener),
  };
}

test('watchers are invited back after the bus was away, since what happened meanwhile is lost', async () => {
  const { bus, listeners, reconnect } = reconnectingBus();
  const lists = new WatchLists({ bus });
  const closings: ClosingReason[] = [];
  const watch = async (): Promise<() => void> => {
    const { begin, release } = await lists.open(USER);
    begin(recordingViewer(closings));
    return release;
  };
  const releases = [await watch(), await watch()];
  expect(closings).toEqual([]);
  reconnect();
  expect(closings).toEqual(['unavailable', 'unavailable']);
  for (const release of releases) release();
  reconnect();
  expect(closings).toHaveLength(2);
  await lists.stop();
  expect(listeners.size).toBe(0);
  await bus.drain();
});
