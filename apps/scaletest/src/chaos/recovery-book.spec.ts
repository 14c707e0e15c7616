import { RecoveryBook } from './recovery-book';

/** Chats with work to do, by their owner. */
type Work = Readonly<Record<string, string | null>>;

function look(book: RecoveryBook, atMs: number, work: Work): void {
  const chats = Object.entries(work).map(([chatId, workerId]) => ({ chatId, workerId }));
  book.look({ askedAtMs: atMs - 10, seenAtMs: atMs, chats });
}

/** Worker `a` is killed at 1,000 with two chats at work. */
function killed(): RecoveryBook {
  const book = new RecoveryBook();
  look(book, 990, { one: 'a', two: 'a', other: 'b' });
  book.kill('a', 1_000);
  return book;
}

describe('recovery from a kill', () => {
  it('lasts until the last chat of the dead worker has another owner or nothing to do', () => {
    const book = killed();
    look(book, 2_000, { one: 'a', two: 'a' });
    look(book, 3_000, { one: 'a' });
    look(book, 7_500, { one: 'b' });
    expect(book.recoveries()).toEqual([{ atMs: 1_000, chats: 2, recoveredAfterMs: 6_500 }]);
    expect(book.strandedIds).toEqual([]);
  });

  it('is nothing when the worker had nothing to do, and never when a chat is left lying', () => {
    const book = killed();
    look(book, 1_100, { one: 'a' });
    book.kill('idle', 1_200);
    look(book, 60_000, { one: 'a' });
    expect(book.recoveries()).toEqual([
      { atMs: 1_000, chats: 2, recoveredAfterMs: null },
      { atMs: 1_200, chats: 0, recoveredAfterMs: 0 },
    ]);
  });

  it('is not that a chat belongs to nobody', () => {
    const book = killed();
    look(book, 2_000, { one: null });
    expect(book.strandedIds).toEqual(['one']);
    look(book, 4_000, { one: 'b' });
    expect(book.recoveries()).toMatchObject([{ recoveredAfterMs: 3_000 }]);
  });

  it('counts from the later kill when the new owner is killed in its turn', () => {
    const book = killed();
    look(book, 3_990, { one: 'b' });
    book.kill('b', 4_000);
    look(book, 5_000, { one: 'b' });
    look(book, 9_000, { one: 'c' });
    expect(book.recoveries()).toEqual([
      { atMs: 1_000, chats: 2, recoveredAfterMs: 2_990 },
      { atMs: 4_000, chats: 1, recoveredAfterMs: 5_000 },
    ]);
  });

  it('sees a chat go from one dead worker to the next between two looks', () => {
    const book = killed();
    book.kill('b', 4_000);
    look(book, 4_500, { one: 'b' });
    expect(book.recoveries()).toEqual([
      { atMs: 1_000, chats: 2, recoveredAfterMs: 3_500 },
      { atMs: 4_000, chats: 2, recoveredAfterMs: null },
    ]);
  });

  it('takes in what rested with the worker and got work after its death, from the last look without', () => {
    const book = killed();
    look(book, 2_000, {});
    look(book, 5_000, {});
    look(book, 5_100, { rested: 'a' });
    look(book, 7_990, { rested: 'b' });
    expect(book.recoveries()).toEqual([{ atMs: 1_000, chats: 3, recoveredAfterMs: 3_000 }]);
  });

  it('leaves out what the living own', () => {
    const book = killed();
    look(book, 2_000, { other: 'b' });
    expect(book.strandedIds).toEqual([]);
  });
});
