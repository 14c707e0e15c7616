/**
 * The Messages API takes 100 pages of PDFs in a request, 600 with a context of more than 200,000 tokens, and refuses the whole
 * conversation for one page more. So the newest documents that fit go, and a text stands for each of the others.
 */
import { LRUCache } from 'lru-cache';
import type { ModelRequest, PromptFile, PromptMessage, PromptText } from '../../model-client';
import { countPdfPages } from '../../prompt/pdf-pages';

const LARGE_CONTEXT_TOKENS = 200_000;
const MAX_PAGES = 100;
const MAX_PAGES_OF_LARGE = 600;

/** A conversation is sent at every step: the pages of a document are counted once. By the document itself, in base64. */
const pagesOf = new LRUCache<string, number>({
  max: 200,
  maxSize: 64 * 1024 * 1024,
  sizeCalculation: (_pages, data) => data.length + 1,
});

/** @param contextLimit tokens */
export function withinPdfLimit(request: ModelRequest, contextLimit = 0): ModelRequest {
  const documents = request.messages.flatMap(documentsOf);
  if (documents.length === 0) return request;
  const limit = contextLimit > LARGE_CONTEXT_TOKENS ? MAX_PAGES_OF_LARGE : MAX_PAGES;
  const excess = new Set<PromptFile>();
  let left = limit;
  for (const document of documents.toReversed()) {
    const pages = countPages(document);
    if (pages > left) excess.add(document);
    else left -= pages;
  }
  if (excess.size === 0) return request;
  return { ...request, messages: request.messages.map((message) => without(message, excess, limit)) };
}

function documentsOf(message: PromptMessage): PromptFile[] {
  switch (message.role) {
    case 'system':
    case 'assistant':
      return [];
    case 'user':
      return message.parts.filter((part) => part.type === 'file').filter(isPdf);
    case 'tool':
      return message.results.flatMap(({ media }) => (media !== undefined && isPdf(media) ? [media] : []));
  }
}

const isPdf = ({ mediaType }: PromptFile): boolean => mediaType === 'application/pdf';

/** One that cannot be counted counts as one page: the provider knows better. */
function countPages({ data }: PromptFile): number {
  const known = pagesOf.get(data);
  if (known !== undefined) return known;
  const pages = countPdfPages(Buffer.from(data, 'base64')) ?? 1;
  pagesOf.set(data, pages);
  return pages;
}

function without(message: PromptMessage, excess: ReadonlySet<PromptFile>, limit: number): PromptMessage {
  switch (message.role) {
    case 'system':
    case 'assistant':
      return message;
    case 'user':
      return {
        ...message,
        parts: message.parts.map((part) =>
          part.type === 'file' && excess.has(part) ? noteFor(part, limit) : part,
        ),
      };
    case 'tool':
      return {
        ...message,
        results: message.results.map(({ media, ...result }) => {
          if (media === undefined) return result;
          if (!excess.has(media)) return { ...result, media };
          return { ...result, text: `${result.text}\n${noteFor(media, limit).text}`.trim() };
        }),
      };
  }
}

function noteFor(document: PromptFile, limit: number): PromptText {
  const name = document.name === undefined ? 'A PDF' : `The PDF ${JSON.stringify(document.name)}`;
  const text = `[${name} of ${countPages(document)} pages was left out: this model takes ${limit} pages in all.]`;
  return { type: 'text', text };
}
