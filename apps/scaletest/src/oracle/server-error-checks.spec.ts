import { ServerErrors } from '../generator/server-errors';
import type { Blow } from './blow';
import { checkServerErrors } from './server-error-checks';

const CHAT = '00000000-0000-4000-8000-000000000001';

function blowNow(mayRefuse: boolean): Blow {
  return {
    what: 'crash postgres',
    atMs: Date.now() - 1_000,
    untilMs: Date.now(),
    regenerations: 0,
    mayRefuse,
  };
}

describe('answers with a 5xx', () => {
  it('are findings, whoever tried again, and nothing below 500 is one', () => {
    const errors = new ServerErrors();
    errors.note(`POST /chats/${CHAT}/messages`, 503, 'away');
    errors.note('GET /chats', 429);
    const { findings, explained } = checkServerErrors(errors.take(), []);
    expect(findings).toEqual([
      { kind: 'server_error', chatId: CHAT, detail: `POST /chats/${CHAT}/messages answered 503: away` },
    ]);
    expect(explained).toBe(0);
    expect(errors.take()).toEqual({ errors: [], beyond: 0, breaks: [], breaksBeyond: 0 });
  });

  it('are explained by a blow that may refuse, while it lasts', () => {
    const errors = new ServerErrors();
    errors.note('POST /chats', 500);
    const tally = errors.take();
    expect(checkServerErrors(tally, [blowNow(true)])).toEqual({ findings: [], explained: 1 });
    expect(checkServerErrors(tally, [blowNow(false)]).findings).toHaveLength(1);
    const long = { ...blowNow(true), atMs: 0, untilMs: 1_000 };
    expect(checkServerErrors(tally, [long]).findings).toHaveLength(1);
  });

  it('that were too many to keep are still findings', () => {
    const tally = { errors: [], beyond: 3, breaks: [], breaksBeyond: 2 };
    expect(checkServerErrors(tally, [blowNow(true)]).findings).toHaveLength(2);
  });
});

describe('lost replies and broken streams', () => {
  it('are findings unless a blow explains them, and none once the run was told to stop', () => {
    const stopping = new AbortController();
    const errors = new ServerErrors(stopping.signal);
    errors.noteBreak('reply_lost', `POST /chats/${CHAT}/messages`, 'read ECONNRESET');
    errors.noteBreak('stream_broken', `GET /chats/${CHAT}/stream`, 'viewer 1: the connection ended');
    stopping.abort();
    errors.noteBreak('stream_broken', `GET /chats/${CHAT}/stream`, 'viewer 1: the connection ended');
    const tally = errors.take();
    expect(checkServerErrors(tally, [blowNow(false)]).findings).toEqual([
      { kind: 'reply_lost', chatId: CHAT, detail: `POST /chats/${CHAT}/messages: read ECONNRESET` },
      {
        kind: 'stream_broken',
        chatId: CHAT,
        detail: `GET /chats/${CHAT}/stream: viewer 1: the connection ended`,
      },
    ]);
    expect(checkServerErrors(tally, [blowNow(true)])).toEqual({ findings: [], explained: 0 });
  });
});
