/**
 * `npm run demo`: a chat of three turns on a running Parley, watched over WebSocket and SSE at once. Checks for each turn that the
 * text streamed on both, the committed text and a fresh read are one and the same, and says what it saw.
 */
import {
  type ChatView,
  followChat,
  type FollowOptions,
  ParleyClient,
  type WebSocketLike,
} from '@parley/client';
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
    const committed = textOf(answersIn(viewer.messages)[turn - 1]);
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

/** The chat as it is followed, whatever happens to the connections, with the text that was streamed before each answer was committed. */
class Viewer {
  readonly streamedTexts: string[] = [];
  private view: ChatView | undefined;
  private wasCut = false;
  private changed = (): void => {};

  constructor(
    readonly name: string,
    private readonly client: ParleyClient,
    private readonly options: FollowOptions,
  ) {}

  get messages(): readonly ChatMessage[] {
    return this.view?.messages ?? [];
  }

  async watch(): Promise<void> {
    const options: FollowOptions = {
      ...this.options,
      onEvent: (event, before) => this.observe(event, before),
      onReconnect: () => (this.wasCut = true),
    };
    for await (const view of followChat(this.client, options)) {
      this.view = view;
      this.changed();
    }
  }

  private observe(event: StreamEvent, { previewText }: ChatView): void {
    // All answers come again, without their parts.
    if (event.type === 'history_reset') this.streamedTexts.length = 0;
    if (event.type !== 'message' || event.message.role !== 'assistant') return;
    const committed = textOf(event.message);
    // The end of an answer that was committed while nobody looked comes without its parts; what came of it has to fit all the same.
    const isPartial = this.wasCut && committed.startsWith(previewText);
    this.streamedTexts.push(previewText === '' || isPartial ? committed : previewText);
    this.wasCut = false;
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
    const { view } = this;
    if (view?.status === 'error')
      throw new Error(`The chat failed: ${view.error?.message ?? 'no reason given'}`);
    return answersIn(this.messages).length >= count && view?.status === 'waiting';
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
