/**
 * Four viewers of one chat in a page: the browser's own EventSource and WebSocket, used as anybody would, and the packed client over both
 * transports. Each keeps what it saw. Runs in the browser: plain JavaScript.
 */
export interface SeenInPage {
  /** Of each live part, in the order they came. */
  parts: { episode: string; seq: number; text: string }[];
  /** What the answers are when they are committed. */
  answers: string[];
  status: string;
  /** How often the connection was there. */
  connections: number;
  failure: string;
}

export const VIEWERS = ['EventSource', 'WebSocket', 'client over SSE', 'client over WebSocket'] as const;
export type ViewerName = (typeof VIEWERS)[number];

/** Sets `window.seen`; the session's cookie must be there. */
export const watchInPage = (chatId: string): string => `
import { browserWebSocket, followChat, ParleyClient } from '@parley/client';

const path = '/api/v2/chats/${chatId}/stream';
const seen = (window.seen = {});
const textOf = (content) => content.map((part) => (part.type === 'text' ? part.text : '')).join('');
const viewer = (name) =>
  (seen[name] = { parts: [], answers: [], status: '', connections: 0, failure: '' });

function take(to, event) {
  if (event.type === 'message' && event.message.role === 'assistant') to.answers.push(textOf(event.message.content));
  if (event.type === 'status') to.status = event.status.status;
  if (event.type !== 'message_part') return;
  const { history_version, generation_attempt, seq, part } = event.message_part;
  to.parts.push({ episode: history_version + '.' + generation_attempt, seq, text: part.text ?? '' });
}

function byEventSource() {
  const to = viewer('EventSource');
  const source = new EventSource(path);
  source.onopen = () => (to.connections += 1);
  source.onmessage = ({ data }) => take(to, JSON.parse(data));
  source.onerror = () => {
    // The browser gives up when it is answered by an error; a page opens it again.
    if (source.readyState === EventSource.CLOSED) to.failure = 'closed for good';
  };
}

function byWebSocket() {
  const to = viewer('WebSocket');
  let cursor = '';
  const open = () => {
    const socket = new WebSocket(location.origin.replace('http', 'ws') + path + '?cursor=' + cursor);
    socket.onopen = () => (to.connections += 1);
    socket.onclose = () => setTimeout(open, 200);
    socket.onmessage = ({ data }) => {
      for (const event of JSON.parse(data)) {
        take(to, event);
        cursor = event.cursor ?? cursor;
      }
    };
  };
  open();
}

async function byClient(name, options) {
  const to = viewer(name);
  const client = new ParleyClient({ baseUrl: location.origin });
  const onOpen = () => (to.connections += 1);
  try {
    for await (const view of followChat(client, { chatId: '${chatId}', onOpen, ...options })) {
      to.status = view.status;
      to.answers = view.messages.filter(({ role }) => role === 'assistant').map(({ content }) => textOf(content));
      const shown = view.preview?.parts ?? [];
      const known = to.parts.at(-1);
      for (const { history_version, generation_attempt, seq, part } of shown) {
        const episode = history_version + '.' + generation_attempt;
        if (known?.episode === episode && seq <= known.seq) continue;
        to.parts.push({ episode, seq, text: part.text ?? '' });
      }
    }
  } catch (error) {
    to.failure = String(error);
  }
}

byEventSource();
byWebSocket();
byClient('client over SSE', {});
byClient('client over WebSocket', { webSocket: browserWebSocket });
`;
