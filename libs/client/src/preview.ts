/** Puts live parts together to the messages they will be: text grows, a tool's arguments and results grow from their deltas. */
import type { ChatMessage, StreamMessagePart } from '@parley/contracts';

type Part = StreamMessagePart['part'];

export interface PreviewMessage {
  role: ChatMessage['role'];
  content: Part[];
}

/** Adds one part, which comes after all that were added. */
export function foldPart(messages: PreviewMessage[], { role, part }: StreamMessagePart): void {
  let message = messages.at(-1);
  if (message?.role !== role) {
    message = { role, content: [] };
    messages.push(message);
  }
  const { content } = message;
  const place = placeOf(content, part);
  const known = content[place];
  if (known === undefined) content.push({ ...part });
  else content[place] = joined(known, part);
}

/** A text goes on only while nothing else comes between; parts of a tool call belong together by its id. -1: it is new. */
function placeOf(content: readonly Part[], part: Part): number {
  switch (part.type) {
    case 'text':
    case 'reasoning':
      return content.at(-1)?.type === part.type ? content.length - 1 : -1;
    case 'tool-call':
    case 'tool-result':
      return content.findLastIndex(
        (known) => known.type === part.type && known.tool_call_id === part.tool_call_id,
      );
    default:
      return -1;
  }
}

function joined(known: Part, part: Part): Part {
  if (known.type === 'text' && part.type === 'text') return { ...known, text: known.text + part.text };
  if (known.type === 'reasoning' && part.type === 'reasoning')
    return { ...known, ...part, text: known.text + part.text };
  if (known.type === 'tool-call' && part.type === 'tool-call')
    return { ...known, ...part, ...grown('args_delta', known.args_delta, part.args_delta) };
  if (known.type === 'tool-result' && part.type === 'tool-result') {
    const before = part.result_reset === true ? undefined : known.result_delta;
    return { ...known, ...part, ...grown('result_delta', before, part.result_delta) };
  }
  return part;
}

function grown<Name extends string>(
  name: Name,
  before: string | undefined,
  more: string | undefined,
): Partial<Record<Name, string>> {
  if (before === undefined && more === undefined) return {};
  return { [name]: (before ?? '') + (more ?? '') } as Record<Name, string>;
}
