/**
 * What must hold when the chats have come to rest, whatever happened before:
 *
 * - nobody lost a user message: each accepted one is in the history or the queue exactly once, unless it was taken out of the queue, or
 *   an edit removed it; those that waited in line were run in that order;
 * - no message is committed twice, and none that was refused or stale is found at all;
 * - every tool call has exactly one result, before the next message; what is open is what the row says;
 * - the history version is the newest revision, and versions only grow (the ledger saw each);
 * - who watched sees what is stored.
 *
 * The CHECK constraints hold by themselves: a transition that broke one would have thrown.
 */
import type { MessagePart } from '@parley/contracts';
import type { ChatHead } from '../types';
import type { Ledger, SentText } from './ledger';
import type { ModelViewer } from './model-viewer';

export interface StoredRow {
  id: number;
  chat_id: string;
  role: string;
  content: MessagePart[];
  visibility: string;
  deleted: boolean;
  revision: number;
}

export interface Remains {
  ledger: Ledger;
  head: ChatHead;
  /** All messages ever written, deleted ones included, in order. */
  rows: readonly StoredRow[];
  /** Who watched all along, and who came only now. */
  watchers: readonly ModelViewer[];
  newcomer: ModelViewer;
}

/** @throws Error naming the invariant that does not hold. */
export function checkInvariants(remains: Remains): void {
  checkRest(remains);
  checkVersions(remains);
  checkUserMessages(remains);
  checkCommits(remains);
  checkCalls(remains);
  checkViewers(remains);
}

/** At rest there is nothing left that a worker should do. */
function checkRest({ head }: Remains): void {
  assert(head.status === 'waiting' || head.status === 'error', `a chat stays ${head.status}`);
}

function checkVersions({ head, rows }: Remains): void {
  const newest = Math.max(...rows.map((row) => row.revision));
  assert(newest === head.historyVersion, `history version ${head.historyVersion}, newest revision ${newest}`);
}

const textsOf = (row: { content: readonly MessagePart[] }): string[] =>
  row.content.flatMap((part) => {
    if (part.type === 'text') return [part.text];
    return part.type === 'tool-result' && typeof part.result === 'string' ? [part.result] : [];
  });

function checkUserMessages({ ledger, head, rows }: Remains): void {
  const userRows = rows.filter((row) => row.role === 'user' && row.visibility === 'both');
  const queued = head.queue.flatMap(textsOf);
  const found = [...userRows.flatMap(textsOf), ...queued];
  assert(new Set(found).size === found.length, 'a user message is there twice');
  for (const text of found) assert(ledger.sent.has(text), `nobody sent ${JSON.stringify(text)}`);
  for (const [text, sent] of ledger.sent) {
    const row = userRows.find((candidate) => textsOf(candidate).includes(text));
    const isThere = row === undefined ? queued.includes(text) : !row.deleted;
    if (sent.withdrawn) assert(row === undefined && !isThere, 'a message taken out of the queue is there');
    else if (!isThere)
      assert(wasEdited(sent, row, ledger.edits), `a user message is lost: ${JSON.stringify(text)}`);
  }
  const inLine = userRows.flatMap(textsOf).flatMap((text) => ledger.sent.get(text) ?? []);
  const versions = inLine.filter((sent) => !sent.moved).map((sent) => sent.version);
  assert(
    versions.every((version, index) => version >= (versions[index - 1] ?? 0)),
    'the line was not kept',
  );
}

/** An edit empties the queue, and marks its message and all after it. */
function wasEdited(
  sent: SentText,
  row: StoredRow | undefined,
  edits: readonly { version: number; messageId: number }[],
): boolean {
  if (row === undefined) return sent.queued && edits.some((edit) => edit.version > sent.version);
  return edits.some((edit) => edit.version === row.revision && edit.messageId <= row.id);
}

function checkCommits({ ledger, rows }: Remains): void {
  const texts = rows.flatMap(textsOf);
  for (const text of ledger.committed)
    assert(texts.filter((found) => found === text).length === 1, `${JSON.stringify(text)} is not there once`);
  for (const text of ledger.refused)
    assert(!texts.includes(text), `${JSON.stringify(text)} was refused, and is there`);
}

function checkCalls({ head, rows }: Remains): void {
  const open = new Set<string>();
  const seen = new Set<string>();
  for (const row of rows.filter((candidate) => !candidate.deleted)) {
    if (row.role !== 'tool') assert(open.size === 0, `a ${row.role} message follows calls without results`);
    for (const part of row.content) {
      if (part.type === 'tool-call') {
        assert(!seen.has(part.tool_call_id), 'a call was committed twice');
        seen.add(part.tool_call_id);
        open.add(part.tool_call_id);
      } else if (part.type === 'tool-result')
        assert(open.delete(part.tool_call_id), 'a result has no open call');
    }
  }
  const stored = head.openCalls.map((call) => call.tool_call_id);
  assert(stored.join() === [...open].join(), 'the open calls of the row are not those of the history');
}

function checkViewers({ watchers, newcomer }: Remains): void {
  const stored = JSON.stringify(newcomer.shows());
  for (const watcher of watchers) {
    const shown = JSON.stringify(watcher.shows());
    assert(shown === stored, `a viewer shows ${shown}, stored is ${stored}`);
  }
}

function assert(holds: boolean, what: string): asserts holds {
  if (!holds) throw new Error(`Invariant broken: ${what}`);
}
