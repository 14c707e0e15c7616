/**
 * Ids and names of tool calls that every provider takes. Ids made by one provider break the pattern of another, and servers exist that
 * begin anew with `call_0` in each answer, so a second call under a known id gets a suffix. What is given depends on the
 * history before it alone: the same prompt prefix comes out of every step, as prompt caches need.
 */
const MAX_ID_LENGTH = 64;
const MAX_NAME_LENGTH = 64;
const SUFFIX_LENGTH = 10;

export class ToolCallIds {
  private readonly taken = new Set<string>();
  private readonly repeats = new Map<string, number>();

  /** A new id for a call that was stored under `storedId`. */
  assign(storedId: string): string {
    const cleaned = clean(storedId, MAX_ID_LENGTH) || 'call';
    let id = cleaned;
    while (this.taken.has(id)) {
      const repeat = (this.repeats.get(cleaned) ?? 1) + 1;
      this.repeats.set(cleaned, repeat);
      id = `${cleaned.slice(0, MAX_ID_LENGTH - SUFFIX_LENGTH)}_${repeat}`;
    }
    this.taken.add(id);
    return id;
  }
}

/** A model may have called a tool that never existed, under any name. */
export function toolNameForPrompt(name: string): string {
  return clean(name, MAX_NAME_LENGTH) || 'unknown_tool';
}

function clean(text: string, maxLength: number): string {
  return text.replace(/[^a-zA-Z0-9_-]/g, '_').slice(0, maxLength);
}
