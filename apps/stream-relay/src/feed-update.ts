/** What a feed says when something moved it. */
import type { Cursor } from './cursor';
import type { EncodedEvent } from './encoded-event';
import type { NumberedPart } from './episode';

/** What every attached viewer gets next. `parts` go to those who follow the episode. */
export interface FeedTail {
  readonly kind: 'tail';
  readonly events: readonly EncodedEvent[];
  readonly startsEpisode: boolean;
  readonly parts: readonly EncodedEvent[];
}

/** What the viewers hold does not connect to what the feed now holds: each attaches again, from `from`. */
export interface FeedReplaced {
  readonly kind: 'replaced';
  readonly from: Cursor;
}

export type FeedUpdate = FeedTail | FeedReplaced;

/** `later`: something was overtaken, and may still come. `read`: only a read of Postgres brings it. */
export type FeedLack = 'nothing' | 'later' | 'read';

/** What one move brings, before its parts are made events. */
export interface FeedStep {
  readonly events: readonly EncodedEvent[];
  readonly startsEpisode: boolean;
  readonly parts: readonly NumberedPart[];
}

export const NO_STEP: FeedStep = { events: [], startsEpisode: false, parts: [] };

/** One step after another. The parts of an episode that the second one ends are stale already. */
export function followedBy(first: FeedStep, second: FeedStep): FeedStep {
  return {
    events: [...first.events, ...second.events],
    startsEpisode: first.startsEpisode || second.startsEpisode,
    parts: second.startsEpisode ? second.parts : [...first.parts, ...second.parts],
  };
}
