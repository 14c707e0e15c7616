/**
 * What the model was told before it was asked, by the mock's ledger: the messages of all turns before, in order, their answers and the
 * results of their tools; less what an edit had taken away by then, and from the last summary on. A worker that forgets a history
 * answers each turn as it should and is found here alone.
 *
 * How long the answer of a turn that was cut may be is known only between two bounds, and so is whether a turn is there that never ended.
 */
import type { TurnOrder } from '../answer-shape';
import type { Finding } from './finding';
import type { LedgerCall, LedgerPrompt } from './ledger-call';
import type { ObservedTurn } from './observation';

type ChatFinding = Omit<Finding, 'chatId'>;

interface Range {
  readonly least: number;
  readonly most: number;
}

interface Told {
  readonly key: string;
  readonly isRequired: boolean;
  readonly answer: Range;
  readonly results: Range;
}

/**
 * @param turns of the chat, in the order they were sent
 * @param at the turn whose answer or summary the calls are for
 */
export function checkPrompts(
  turns: readonly ObservedTurn[],
  at: number,
  calls: readonly LedgerCall[],
): ChatFinding[] {
  const turn = turns[at];
  if (turn === undefined) return [];
  return calls.flatMap((call): ChatFinding[] => {
    if (call.prompt === null) return [];
    const wrong = differenceOf(toldBefore(turns, at, call), call.prompt);
    if (wrong === undefined) return [];
    return [{ kind: 'prompt_differs', key: turn.order.key, detail: `call ${call.id} ${wrong}` }];
  });
}

/** The turns that the model has to be told of with this call, its own the last. */
function toldBefore(turns: readonly ObservedTurn[], at: number, call: LedgerCall): Told[] {
  const here = turns
    .slice(0, at + 1)
    .filter((turn, index) => index === at || !isGone(turn, turns.slice(0, at + 1)));
  const begin = here.findLastIndex((turn, index) => isSummarised(turn, index === here.length - 1, call));
  const boundary = here[begin];
  const from = boundary === undefined || boundary.order.compaction === 'automatic' ? begin : begin + 1;
  return here
    .slice(Math.max(0, from))
    .map((turn, index, told) => (index === told.length - 1 ? own(turn, call) : earlier(turn)));
}

/** An edit that came no later than this call took it away. */
const isGone = ({ removedBy }: ObservedTurn, until: readonly ObservedTurn[]): boolean =>
  removedBy !== undefined && until.some(({ order }) => order.key === removedBy);

/** Its history has been summarised by the time of the call. */
function isSummarised({ order, isCompacted }: ObservedTurn, isOwn: boolean, call: LedgerCall): boolean {
  if (!isCompacted) return false;
  return !isOwn || (order.compaction === 'automatic' && call.purpose === 'chat');
}

function earlier({ order, ending, outcome }: ObservedTurn): Told {
  const isDone = outcome === 'done';
  const isWhole = isDone && ending !== 'cut';
  const [characters, results] = [charactersOf(order), resultsOf(order, order.toolSteps.length)];
  return {
    key: order.key,
    isRequired: isDone,
    answer: { least: isWhole ? characters : 0, most: characters },
    results: { least: isWhole ? results : 0, most: results },
  };
}

/** Of itself it is told the tool steps before the one that it asks for; a summary that was asked for is one of the answer, too. */
function own({ order }: ObservedTurn, { purpose, step }: LedgerCall): Told {
  const isEnded = purpose === 'summary' && order.compaction === 'manual';
  const characters = isEnded ? charactersOf(order) : 0;
  const results = resultsOf(order, isEnded ? order.toolSteps.length : step);
  return {
    key: order.key,
    isRequired: true,
    answer: { least: characters, most: characters },
    results: { least: results, most: results },
  };
}

const charactersOf = ({ shape }: TurnOrder): number => shape.chunks * shape.chunkSize;

const resultsOf = ({ toolSteps }: TurnOrder, steps: number): number =>
  toolSteps.slice(0, steps).reduce((sum, count) => sum + count, 0);

function differenceOf(told: readonly Told[], prompt: LedgerPrompt): string | undefined {
  const held = matched(told, prompt);
  if (held === undefined) {
    const expected = told.map(({ key }) => key);
    return `was told of ${listed(prompt.userKeys, prompt.userKeyCount)}, and not of ${listed(expected)}`;
  }
  return (
    outside('characters of answers', prompt.answerCharacters, sum(held, 'answer')) ??
    outside('results of tools', prompt.toolResults, sum(held, 'results'))
  );
}

/** The turns that the prompt holds; undefined when its messages are not theirs. From the end, as only the newest keys may be listed. */
function matched(told: readonly Told[], { userKeys, userKeyCount }: LedgerPrompt): Told[] | undefined {
  const held: Told[] = [];
  let at = userKeys.length - 1;
  let unlisted = userKeyCount - userKeys.length;
  for (const turn of told.toReversed()) {
    if (userKeys[at] === turn.key) at -= 1;
    else if (at < 0 && unlisted > 0) unlisted -= 1;
    else if (turn.isRequired) return undefined;
    else continue;
    held.push(turn);
  }
  return at < 0 && unlisted === 0 ? held : undefined;
}

const MAX_LISTED = 5;

function listed(keys: readonly string[], count = keys.length): string {
  if (count === 0) return 'nothing';
  const newest = keys.slice(-MAX_LISTED);
  const earlier = count - newest.length;
  return `${earlier > 0 ? `${earlier} others, ` : ''}${newest.join(', ')}`;
}

const sum = (told: readonly Told[], what: 'answer' | 'results'): Range => ({
  least: told.reduce((total, turn) => total + turn[what].least, 0),
  most: told.reduce((total, turn) => total + turn[what].most, 0),
});

function outside(what: string, actual: number, { least, most }: Range): string | undefined {
  if (actual >= least && actual <= most) return undefined;
  return `was told ${actual} ${what}, ${least === most ? least : `${least} to ${most}`} expected`;
}
