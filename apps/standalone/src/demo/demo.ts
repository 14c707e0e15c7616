/**
 * `npm run demo`: a chat of three turns on a running Parley, watched over WebSocket and SSE at once. Checks for each turn that the
 * text streamed on both, the committed text and a fresh read are one and the same, and says what it saw.
 */
import { ChatView, openStream, ParleyClient, StreamClosedError, type WebSocketLike } from '@parley/client';
import type { ChatMessage, StreamEvent } from '@parley/contracts';
import WebSocket from 'ws';

const TURN_TIMEOUT_MS = 60_000;
const PROMPTS = ['Hello! Who are you?', 'Tell me something about streams.', 'Thank you, and good bye.'];

export interface DemoOptions {
  url: string;
  token: string;
  organizationId?: string;
  print: (line: string) => void;
}

/** @throws Error that says which texts differ, or that a turn did not end. */
export async function runDemo({ url, token, print, ...options }: DemoOptions): Promise<void> {
  const client = new ParleyClient({ baseUrl: url, token });
  const organizationId = options.organizationId ?? (await firstOrganization(client));
  const [opening, ...followUps] = PROMPTS;
  const chat = await client.createChat({ organizationId, content: opening ?? '' });
  print(`chat ${chat.id}`);
  const stop = new AbortController();
  const viewers = [
    new Viewer('WebSocket', client, { chatId: chat.id, signal: stop.signal, webSocket: openWebSocket }),
    new Viewer('SSE', client, { chatId: chat.id, signal: stop.signal }),
  ];
  const watching = viewers.map((viewer) => viewer.watch());
  try {
    await Promise.race([takeTurns({ client, chatId: chat.id, viewers, print, followUps }), ...watching]);
  } finally {
    stop.abort();
    await Promise.allSettled(watching);
  }
}

async function takeTurns(run: {
  client: ParleyClient;
  chatId: string;
  viewers: readonly Viewer[];
  followUps: readonly string[];
  print: (line: string) => void;
}): Promise<void> {
  await checkTurn(run, 1);
  for (const [index, content] of run.followUps.entries()) {
    await run.client.sendMessage(run.chatId, { content });
    await checkTurn(run, index + 2);
  }
}

async function checkTurn(
  run: { client: ParleyClient; chatId: string; viewers: readonly Viewer[]; print: (line: string) => void },
  turn: number,
): Promise<void> {
  await Promise.all(run.viewers.map((viewer) => viewer.untilAnswers(turn)));
  const history = await run.client.readHistory(run.chatId);
  const reread = textOf(answersIn(history)[turn - 1]);
  for (const viewer of run.viewers) {
    const streamed = viewer.streamedTexts[turn - 1];
    const committed = textOf(answersIn(viewer.view.messages)[turn - 1]);
    if (streamed !== committed || committed !== reread) {
      throw new Error(
        `Turn ${turn} over ${viewer.name} differs.\n  streamed  ${JSON.stringify(streamed)}\n  committed ${JSON.stringify(committed)}\n  reread    ${JSON.stringify(reread)}`,
      );
    }
  }
  run.print(
    `turn ${turn}: ${reread.length} characters, equal as streamed (WebSocket, SSE), committed and reread`,
  );
}

/** One stream of the chat, folded into a view, with the text that was streamed before each answer was committed. */
class Viewer {
  readonly view = new ChatView();
  readonly streamedTexts: string[] = [];
  private previewText = '';
  private changed = (): void => {};

  constructor(
    readonly name: string,
    private readonly client: ParleyClient,
    private readonly options: Parameters<typeof openStream>[1],
  ) {}

  async watch(): Promise<void> {
    for await (const event of openStream(this.client, this.options)) {
      this.observe(event);
      this.changed();
    }
    if (this.options.signal?.aborted !== true) throw new StreamClosedError(`${this.name} ended`);
  }

  private observe(event: StreamEvent): void {
    this.previewText = this.view.previewText;
    const known = answersIn(this.view.messages).length;
    this.view.apply(event);
    if (answersIn(this.view.messages).length > known) {
      // An answer that was committed before this stream was opened comes without its parts.
      const answer = answersIn(this.view.messages).at(-1);
      this.streamedTexts.push(this.previewText === '' ? textOf(answer) : this.previewText);
    }
  }

  /** Resolves when `count` answers are committed and the chat is at rest. */
  async untilAnswers(count: number): Promise<void> {
    let timer: NodeJS.Timeout | undefined;
    const tooLate = new Promise<never>((_resolve, reject) => {
      const reason = new Error(`${this.name}: turn ${count} did not end within ${TURN_TIMEOUT_MS / 1000} s`);
      timer = setTimeout(() => reject(reason), TURN_TIMEOUT_MS);
    });
    try {
      while (!this.hasAnswers(count)) {
        await Promise.race([new Promise<void>((resolve) => (this.changed = resolve)), tooLate]);
      }
    } finally {
      clearTimeout(timer);
    }
  }

  private hasAnswers(count: number): boolean {
    if (this.view.status === 'error')
      throw new Error(`The chat failed: ${this.view.error?.message ?? 'no reason given'}`);
    return answersIn(this.view.messages).length >= count && this.view.status === 'waiting';
  }
}

function answersIn(messages: readonly ChatMessage[]): ChatMessage[] {
  return messages.filter((message) => message.role === 'assistant');
}

function textOf(message: ChatMessage | undefined): string {
  return (message?.content ?? []).map((part) => (part.type === 'text' ? part.text : '')).join('');
}

async function firstOrganization(client: ParleyClient): Promise<string> {
  const [organization] = await client.call<{ id: string }[]>('GET', '/users/me/organizations');
  if (organization === undefined) throw new Error('The user of this token belongs to no organization.');
  return organization.id;
}

function openWebSocket(url: string, headers: Record<string, string>): WebSocketLike {
  return new WebSocket(url, { headers });
}
