import { hash } from 'node:crypto';

/**
 * Deterministic seals for what the real APIs sign or encrypt: thinking blocks and reasoning items. The key is a constant,
 * since they guard nothing; they only make an altered block as invalid here as it is there, in any process at any time.
 */
export function seal(purpose: string, text: string): string {
  return hash('sha256', `llmmock seal\0${purpose}\0${text.length}\0${text.toWellFormed()}`, 'base64');
}

/** What an Anthropic `thinking` block of this model carries: no other model takes it back. */
export function thinkingSignature(model: string, thinking: string): string {
  return `Em0c${seal(`thinking of ${model}`, thinking)}`;
}

/** What a `redacted_thinking` block carries; `id` makes two of them differ. */
export function redactedThinking(model: string, id: string): string {
  return `EmRk${Buffer.from(id).toString('base64url')}.${seal(`redacted by ${model}`, id)}`;
}

export function isRedactedThinking(model: string, data: string): boolean {
  const match = /^EmRk([A-Za-z0-9_-]+)\.(.+)$/.exec(data);
  return (
    match?.[1] !== undefined &&
    match[2] === seal(`redacted by ${model}`, Buffer.from(match[1], 'base64url').toString())
  );
}

/** The `encrypted_content` of a Responses reasoning item. */
export function encryptReasoning(itemId: string): string {
  return `gAAAAAB${Buffer.from(itemId).toString('base64url')}.${seal('reasoning', itemId)}`;
}

/** The id of the item whose `encrypted_content` this is; undefined when it is not what a mock made. */
export function decryptReasoning(content: string): string | undefined {
  const match = /^gAAAAAB([A-Za-z0-9_-]+)\.(.+)$/.exec(content);
  if (match?.[1] === undefined) return undefined;
  const itemId = Buffer.from(match[1], 'base64url').toString();
  return match[2] === seal('reasoning', itemId) ? itemId : undefined;
}
