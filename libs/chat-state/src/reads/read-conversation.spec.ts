import type { MessagePart } from '@parley/contracts';
import { arrangeChat } from '../testing/arrange-chat';
import { createFixture, testSql, textContent, type Fixture } from '../testing/fixture';
import { readConversation } from './read-conversation';

let fixture: Fixture;
beforeAll(async () => {
  fixture = await createFixture();
});
afterAll(() => fixture.close());

interface Row {
  readonly role: string;
  readonly content: readonly MessagePart[];
  readonly visibility?: string;
  readonly compressed?: boolean;
  readonly deleted?: boolean;
}

async function chatOf(rows: readonly Row[]): Promise<string> {
  const { id } = await arrangeChat(fixture, 'waiting');
  await fixture.test.database.query(testSql('delete from chat_messages where chat_id = $1'), [id]);
  await fixture.test.database.query(
    testSql(`insert into chat_messages (chat_id, revision, role, content, visibility, compressed, deleted)
    select $1, 1, x ->> 'role', x -> 'content', coalesce(x ->> 'visibility', 'both'),
      coalesce((x -> 'compressed')::boolean, false), coalesce((x -> 'deleted')::boolean, false)
    from jsonb_array_elements($2::jsonb) with ordinality as given (x, position) order by position`),
    [id, JSON.stringify(rows)],
  );
  return id;
}

const say = (role: string, text: string, extra: Partial<Row> = {}): Row => ({
  role,
  content: textContent(text),
  ...extra,
});
const read = async (chatId: string) =>
  (await readConversation(fixture.store.database, { chatId })).map(({ role, content }) =>
    [role, ...content.map((part) => (part.type === 'text' ? part.text : part.type))].join(' '),
  );

test('is the first message of the user and the last three turns', async () => {
  const turns = ['1', '2', '3', '4', '5'].flatMap((n) => [say('user', `q${n}`), say('assistant', `a${n}`)]);
  expect(await read(await chatOf(turns))).toEqual([
    'user q1',
    ...['user q3', 'assistant a3', 'user q4', 'assistant a4', 'user q5', 'assistant a5'],
  ]);
  expect(await read(await chatOf(turns.slice(0, 2)))).toEqual(['user q1', 'assistant a1']);
  expect(await read(await chatOf([]))).toEqual([]);
});

test('keeps what people read, in Postgres what they do not, and out what was deleted, hidden or compacted', async () => {
  const work: MessagePart[] = [
    { type: 'reasoning', text: 'hidden' },
    { type: 'text', text: 'Done.' },
    { type: 'tool-call', tool_call_id: '1', tool_name: 't', args: {} },
  ];
  const files: MessagePart[] = [
    { type: 'file', media_type: 'text/plain', data: 'YQ==' },
    { type: 'file', media_type: 'image/png', data: 'AAAA' },
    { type: 'file-reference', file_name: 'a.ts', start_line: 1, end_line: 2, content: 'x' },
  ];
  const chat = await chatOf([
    say('system', 'Be kind.', { visibility: 'model' }),
    say('user', 'taken back', { deleted: true }),
    { role: 'user', content: files },
    { role: 'assistant', content: work },
    { role: 'tool', content: [{ type: 'tool-result', tool_call_id: '1', tool_name: 't', result: 'x' }] },
    say('user', 'the summary', { visibility: 'model', compressed: true }),
    say('assistant', 'summarised', { compressed: true }),
    say('user', 'And now?'),
  ]);
  expect(await read(chat)).toEqual(['user file file-reference', 'assistant Done.', 'user And now?']);
});

test('of a turn of many steps the last ones are read', async () => {
  const steps = Array.from({ length: 100 }, (_, index) => say('assistant', `step ${index}`));
  const said = await read(await chatOf([say('user', 'go'), ...steps]));
  expect(said).toHaveLength(61);
  expect([said[0], said[1], said.at(-1)]).toEqual(['user go', 'assistant step 40', 'assistant step 99']);
});
