/** What the conformance suites share: a bus per test that is drained after it, and subjects nobody else uses. */
import type { Subject } from '@parley/contracts';
import { z } from 'zod';
import type { Bus, BusLogger, JobContext } from '../bus';
import { RecordingLogger } from './recording-logger';

export type OpenBus = (options: { logger: BusLogger; validate: boolean }) => Promise<Bus>;

export const note = z.object({ n: z.number(), text: z.string().optional() });
export type Note = z.infer<typeof note>;

export const noteSubject = (subject: string): Subject<Note> => ({ subject, payload: note });
export const questionSubject = (subject: string): Subject<Note, Note> => ({
  subject,
  payload: note,
  reply: note,
});

export interface TestBus {
  readonly bus: Bus;
  readonly logger: RecordingLogger;
  /** A subject prefix of this test alone. */
  readonly prefix: string;
}

let tests = 0;

/** Registers the hooks; call inside describe. */
export function useTestBus(open: OpenBus, validate = true): () => TestBus {
  let current: TestBus | undefined;
  beforeEach(async () => {
    const logger = new RecordingLogger();
    tests += 1;
    current = { bus: await open({ logger, validate }), logger, prefix: `t${tests}` };
  });
  afterEach(async () => {
    await current?.bus.drain();
  });
  return () => {
    if (!current) throw new Error('There is a bus only inside a test');
    return current;
  };
}

/** A listener that keeps the numbers it got. */
export function collector(): {
  readonly numbers: number[];
  readonly contexts: JobContext[];
  readonly listener: (payload: Note, context: object) => void;
} {
  const numbers: number[] = [];
  const contexts: JobContext[] = [];
  const listener = (payload: Note, context: object): void => {
    numbers.push(payload.n);
    contexts.push(context as JobContext);
  };
  return { numbers, contexts, listener };
}
