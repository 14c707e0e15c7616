/** How servers other than OpenAI's tell the reasoning of their models in Chat Completions. */
import { isJsonObject, type JsonObject, stringAt } from '../../json';
import type { PromptAssistantPart } from '../../model-client';
import { ownSeal, type SealMaker } from '../seals';

/** The fields under which reasoning comes, and goes back. */
export const REASONING_FIELDS = ['reasoning_content', 'reasoning'] as const;

/** Their texts come in pieces; all else of a detail is told once. */
const TEXTS = ['text', 'summary', 'data'] as const;

/** OpenRouter's `reasoning_details`, put together from the deltas of a stream. */
export class ReasoningDetails {
  private readonly details = new Map<number, JsonObject>();

  add(deltas: unknown): void {
    if (!Array.isArray(deltas)) return;
    for (const delta of (deltas as unknown[]).filter(isJsonObject)) {
      const index = typeof delta['index'] === 'number' ? delta['index'] : this.details.size;
      const known = this.details.get(index) ?? {};
      const texts = TEXTS.flatMap((name) => {
        const text = (stringAt(known, name) ?? '') + (stringAt(delta, name) ?? '');
        return text === '' ? [] : [[name, text] as const];
      });
      this.details.set(index, { ...known, ...delta, ...Object.fromEntries(texts) });
    }
  }

  /** All of them; none the second time. */
  take(): JsonObject[] {
    const details = [...this.details.values()];
    this.details.clear();
    return details;
  }
}

/** The fields of a message by which its reasoning goes back to the model that made it. */
export function reasoningFields(parts: readonly PromptAssistantPart[], asker: SealMaker): JsonObject {
  let field: string | undefined;
  const texts = parts.flatMap((part) => {
    if (part.type !== 'reasoning') return [];
    field ??= stringAt(ownSeal('chat', asker, part.providerMetadata), 'reasoning_field');
    return field === undefined ? [] : [part.text];
  });
  const details = parts
    .map((part) => ownSeal('chat', asker, part.providerMetadata)?.['reasoning_details'])
    .find((each) => each !== undefined);
  return {
    ...(field !== undefined && { [field]: texts.join('\n\n') }),
    ...(details !== undefined && { reasoning_details: details }),
  };
}
