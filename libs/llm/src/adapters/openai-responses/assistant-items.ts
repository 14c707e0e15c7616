/**
 * What the model said, as input items of the Responses API (`chat-api` section 8.3).
 *
 * A reasoning item goes back, with its encrypted content and id, only to the provider that made it and only together with an item of the
 * same answer that followed it; messages and calls carry their ids exactly when the reasoning of their answer goes before them. Everything
 * else is sent without ids, as if written by hand: the API then asks for nothing. No id is sent twice, whatever history repeats.
 */
import type OpenAI from 'openai';
import { isJsonObject, stringAt } from '../../json';
import type {
  PromptAssistantPart,
  PromptReasoning,
  PromptToolCall,
  ProviderMetadata,
} from '../../model-client';

type Item = OpenAI.Responses.ResponseInputItem;

/** Reasoning that waits for the item that followed it. */
interface Waiting {
  readonly responseId: string | undefined;
  readonly items: Item[];
}

/** Of one request: it remembers which ids are in it. */
export class AssistantItems {
  private readonly usedIds = new Set<string>();

  constructor(private readonly providerId: string) {}

  /** The items of one message. */
  of(parts: readonly PromptAssistantPart[]): Item[] {
    const items: Item[] = [];
    let waiting: Waiting | undefined;
    let replayed: Pick<Waiting, 'responseId'> | undefined;
    for (const part of parts) {
      const metadata = ownMetadata(part.providerMetadata, this.providerId);
      const responseId = stringAt(metadata, 'response_id');
      if (part.type === 'reasoning') {
        const item = this.reasoning(part, metadata);
        // Reasoning that cannot be replayed stood between the earlier one and its follower: neither goes.
        const before = waiting?.responseId === responseId ? (waiting?.items ?? []) : [];
        waiting = item && { responseId, items: [...before, item] };
        continue;
      }
      if (part.type === 'provider-call' || part.type === 'provider-result') {
        // Searches are not replayed; the reasoning before one would lack what followed it.
        waiting = undefined;
        continue;
      }
      if (waiting !== undefined && metadata !== undefined && waiting.responseId === responseId) {
        items.push(...waiting.items);
        replayed = waiting;
      }
      waiting = undefined;
      const own = replayed !== undefined && replayed.responseId === responseId ? metadata : undefined;
      if (part.type === 'text') this.pushText(items, part.text, own);
      else items.push(this.call(part, own));
    }
    return items;
  }

  /** The id, the first time it is asked for. */
  private newId(own: ProviderMetadata | undefined): string | undefined {
    const id = stringAt(own, 'item_id');
    if (id === undefined || this.usedIds.has(id)) return undefined;
    this.usedIds.add(id);
    return id;
  }

  private call(part: PromptToolCall, own: ProviderMetadata | undefined): Item {
    const id = this.newId(own);
    return {
      type: 'function_call',
      call_id: part.toolCallId,
      name: part.toolName,
      arguments: JSON.stringify(part.args),
      ...(id !== undefined && { id }),
    };
  }

  /** Text parts of one message item become its contents again: an id may come only once. */
  private pushText(items: Item[], text: string, own: ProviderMetadata | undefined): void {
    const content = { type: 'output_text' as const, text, annotations: [] };
    const last = items.at(-1);
    const isSameMessage = last?.type === 'message' && 'id' in last && last.id === stringAt(own, 'item_id');
    if (isSameMessage && Array.isArray(last.content)) {
      (last.content as (typeof content)[]).push(content);
      return;
    }
    const id = this.newId(own);
    const phase = phaseOf(own);
    const said = { role: 'assistant' as const, ...(phase !== undefined && { phase }) };
    items.push(
      id === undefined
        ? { ...said, content: text }
        : { ...said, type: 'message', id, status: 'completed', content: [content] },
    );
  }

  private reasoning(part: PromptReasoning, own: ProviderMetadata | undefined): Item | undefined {
    const encrypted = stringAt(own, 'encrypted_content');
    const id = encrypted === undefined ? undefined : this.newId(own);
    if (id === undefined || encrypted === undefined) return undefined;
    return {
      type: 'reasoning',
      id,
      summary: part.text === '' ? [] : [{ type: 'summary_text', text: part.text }],
      encrypted_content: encrypted,
    };
  }
}

function phaseOf(own: ProviderMetadata | undefined): 'commentary' | 'final_answer' | undefined {
  const phase = stringAt(own, 'phase');
  return phase === 'commentary' || phase === 'final_answer' ? phase : undefined;
}

/** What this very provider gave us; keys of another account can open nothing of it. */
function ownMetadata(
  metadata: ProviderMetadata | undefined,
  providerId: string,
): ProviderMetadata | undefined {
  const own = metadata?.['openai'];
  return isJsonObject(own) && own['provider_id'] === providerId ? own : undefined;
}
