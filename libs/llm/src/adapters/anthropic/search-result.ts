import { isJsonObject, stringAt, valueAt } from '../../json';
import type { ModelStreamPart } from '../../model-client';
import { type SealMaker, sealedBy } from '../seals';
import { WEB_SEARCH } from './tools';

/** A block with what a web search found: people see the pages, the API wants its encrypted contents back. */
export function searchResultPart(
  block: unknown,
  maker: SealMaker,
): Extract<ModelStreamPart, { type: 'provider-result' }> {
  const content = valueAt(block, 'content');
  const isFound = Array.isArray(content);
  const pages = isFound ? (content as unknown[]).filter(isJsonObject) : [];
  return {
    type: 'provider-result',
    toolCallId: stringAt(block, 'tool_use_id') ?? '',
    toolName: WEB_SEARCH,
    result: isFound
      ? pages.map(({ url, title, page_age }) => ({ url, title, page_age: page_age ?? null }))
      : { error: stringAt(content, 'error_code') ?? 'unavailable' },
    isError: !isFound,
    providerMetadata: sealedBy('anthropic', maker, { web_search_content: content ?? [] }),
  };
}
