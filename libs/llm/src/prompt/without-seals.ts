import type { ModelRequest, PromptAssistantPart, PromptMessage } from '../model-client';

/** The request as if no model had thought or searched: nothing in it is signed or sealed, and no item carries an id. */
export function withoutSeals(request: ModelRequest): ModelRequest {
  const messages = request.messages.flatMap((message): PromptMessage[] => {
    if (message.role !== 'assistant') return [message];
    const parts = message.parts.flatMap((part): PromptAssistantPart[] => {
      switch (part.type) {
        case 'text': {
          const { providerMetadata: _metadata, ...bare } = part;
          return [bare];
        }
        case 'tool-call': {
          const { providerMetadata: _metadata, ...bare } = part;
          return [bare];
        }
        case 'reasoning':
        case 'provider-call':
        case 'provider-result':
          return [];
      }
    });
    return parts.length === 0 ? [] : [{ role: 'assistant', parts }];
  });
  return { ...request, messages };
}
