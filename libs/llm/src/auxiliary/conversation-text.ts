/**
 * A conversation as text for a model that names or summarises it: the first message of the user and the last turns, within bounds.
 *
 * Only what people read counts: texts and file references, of users and assistants. The latest message has a bound of its own (a pasted
 * log must not push out what the conversation is about), and so has the first; what is left goes to the others, the later ones first.
 */
import type { MessagePart, MessageRole } from '@parley/contracts';
import { fileReferenceText } from '../prompt/files';
import { headOf } from './short-text';

const MAX_FIRST_CHARACTERS = 2_000;
const RECENT_TURNS = 3;
/** Less than that of a message says nothing. */
const MIN_USEFUL_CHARACTERS = 40;

export interface ConversationMessage {
  readonly role: MessageRole;
  readonly content: readonly MessagePart[];
}

export interface ConversationBounds {
  readonly maxCharacters: number;
  readonly maxLatestCharacters: number;
}

/** What a proposal of a title reads (`chat-api` section 7.2). */
export const PROPOSAL_BOUNDS: ConversationBounds = { maxCharacters: 6_000, maxLatestCharacters: 1_000 };

interface Line {
  readonly speaker: 'User' | 'Assistant';
  readonly text: string;
}

/**
 * The first user message and the last three turns of a history, in at most `maxCharacters` besides the names of the speakers.
 * Empty when nobody said anything.
 */
export function conversationText(
  messages: readonly ConversationMessage[],
  { maxCharacters, maxLatestCharacters }: ConversationBounds,
): string {
  const lines = messages.flatMap(toLine);
  const [first] = lines;
  if (first === undefined) return '';
  const recent = recentTurns(lines.slice(1));
  const latest = recent.at(-1);
  const latestText = latest === undefined ? '' : headOf(latest.text, maxLatestCharacters);
  const firstText = headOf(
    first.text,
    latest === undefined ? Math.min(maxCharacters, maxLatestCharacters) : MAX_FIRST_CHARACTERS,
  );
  let left = maxCharacters - firstText.length - latestText.length;
  const between: Line[] = [];
  for (const { speaker, text } of recent.slice(0, -1).reverse()) {
    if (left < MIN_USEFUL_CHARACTERS) break;
    const shown = headOf(text, left);
    left -= shown.length;
    between.unshift({ speaker, text: shown });
  }
  const shown = [
    { ...first, text: firstText },
    ...between,
    ...(latest === undefined ? [] : [{ ...latest, text: latestText }]),
  ];
  return shown.map(({ speaker, text }) => `${speaker}: ${text}`).join('\n\n');
}

/** What a person reads of a message: texts and file references. */
export function readableText(content: readonly MessagePart[]): string {
  return content
    .flatMap((part) => {
      if (part.type === 'text') return [part.text];
      return part.type === 'file-reference' ? [fileReferenceText(part)] : [];
    })
    .join('\n')
    .trim();
}

function toLine({ role, content }: ConversationMessage): Line[] {
  if (role !== 'user' && role !== 'assistant') return [];
  const text = readableText(content);
  return text === '' ? [] : [{ speaker: role === 'user' ? 'User' : 'Assistant', text }];
}

/** From the third last message of a user on; everything when there are fewer. */
function recentTurns(lines: readonly Line[]): readonly Line[] {
  const starts = lines.flatMap(({ speaker }, index) => (speaker === 'User' ? [index] : []));
  return starts.length <= RECENT_TURNS ? lines : lines.slice(starts.at(-RECENT_TURNS));
}
