import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

const root = join(__dirname, '../../..');
const sources = execFileSync(
  'git',
  ['ls-files', '--cached', '--others', '--exclude-standard', '*.ts', '*.mjs', '*.sql'],
  {
    cwd: root,
    encoding: 'utf8',
  },
)
  .split('\n')
  .filter((file) => file !== '' && !/\.spec\.ts$|\/testing\/|^tools\/bench\//.test(file));

/** The tables, not those whose names only begin like theirs. */
const WRITES =
  /\b(insert\s+into|update|delete\s+from|merge\s+into|truncate(?:\s+table)?|copy)\s+(?:only\s+)?"?(chats|chat_messages|chat_tool_calls)"?(?!\w)/i;

test('finds what it looks for', () => {
  for (const text of [
    'UPDATE chats\nset',
    'insert into\n chat_messages (',
    'delete from only chats',
    'truncate table "chats"',
  ])
    expect(text).toMatch(WRITES);
  for (const text of [
    'update chat_providers',
    'insert into chats_archive',
    'for update of chats',
    'update: chats',
  ])
    expect(text).not.toMatch(WRITES);
});

test('no other code of the repository writes chats, messages or the journal of tool calls', () => {
  expect(sources.length).toBeGreaterThan(100);
  const offenders = sources
    .filter((file) => !file.startsWith('libs/chat-state/src/') && !file.startsWith('migrations/src/'))
    .filter((file) => WRITES.test(readFileSync(join(root, file), 'utf8')));
  expect(offenders).toEqual([]);
});

test('no entity maps the tables, so that no repository can write them', () => {
  const entities = sources.filter((file) =>
    /@Entity\(\s*['"{][^)]*\b(chats|chat_messages)['"]/.test(readFileSync(join(root, file), 'utf8')),
  );
  expect(entities).toEqual([]);
});
