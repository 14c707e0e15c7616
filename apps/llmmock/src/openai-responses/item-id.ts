/**
 * Ids of Responses output items. The API insists that a reasoning item comes back together with the item that followed
 * it, and the mock keeps no state; so the id says which answer an item belongs to and whether that answer began with
 * reasoning: `<kind>_<24 hex digits of the answer><a: with reasoning, 0: without><2 hex digits of its place>`.
 */
export type ItemKind = 'rs' | 'msg' | 'fc';

const ITEM_ID = /^(rs|msg|fc)_([0-9a-f]{24})([0a])[0-9a-f]{2}$/;

export interface ItemOrigin {
  readonly answerId: string;
  readonly hasReasoning: boolean;
}

export function formatItemId(kind: ItemKind, origin: ItemOrigin, index: number): string {
  return `${kind}_${origin.answerId}${origin.hasReasoning ? 'a' : '0'}${index.toString(16).padStart(2, '0')}`;
}

/** Undefined for an id that no mock made; nothing is known of its origin then. */
export function originOf(itemId: string): ItemOrigin | undefined {
  const match = ITEM_ID.exec(itemId);
  return match?.[2] === undefined ? undefined : { answerId: match[2], hasReasoning: match[3] === 'a' };
}
