import type { MessagePart } from '@parley/contracts';
import type { PromptMessage } from '../model-client';
import { buildPrompt } from './build-prompt';
import type { PromptRow } from './prompt-row';

let nextId = 1;
function row(role: PromptRow['role'], content: MessagePart[], more: Partial<PromptRow> = {}): PromptRow {
  return { id: nextId++, role, content, visibility: 'both', compressed: false, ...more };
}
const text = (words: string): MessagePart => ({ type: 'text', text: words });
const user = (words: string) => row('user', [text(words)]);
const call = (id: string, args: unknown = { a: 1 }, name = 'read'): MessagePart => ({
  type: 'tool-call',
  tool_call_id: id,
  tool_name: name,
  args,
});
const result = (id: string, value: unknown = 'ok', more: object = {}): MessagePart => ({
  type: 'tool-result',
  tool_call_id: id,
  tool_name: 'read',
  result: value,
  ...more,
});

function texts(messages: readonly PromptMessage[]): string[] {
  return messages.map((message) => {
    switch (message.role) {
      case 'system':
        return `system: ${message.text}`;
      case 'tool':
        return `tool: ${message.results.map((each) => `${each.toolCallId}=${each.text}${each.isError ? '!' : ''}`).join(' ')}`;
      case 'user':
      case 'assistant':
        return `${message.role}: ${message.parts
          .map((part) => {
            if (part.type === 'file') return `<${part.mediaType}>`;
            if (part.type === 'tool-call')
              return `${part.toolName}(${part.toolCallId}, ${JSON.stringify(part.args)})`;
            if (!('text' in part)) return `${part.type} ${part.toolCallId}`;
            return part.type === 'reasoning' ? `(${part.text})` : part.text;
          })
          .join(' | ')}`;
    }
  });
}

const prompt = (...rows: PromptRow[]) => texts(buildPrompt(rows));
const MISSING = '{"error":"The result of this call is missing: it was interrupted or lost."}';

describe('rows', () => {
  it('are left out when only the user may see them', () => {
    expect(
      prompt(user('hi'), row('assistant', [text('secret')], { visibility: 'user' }), user('more')),
    ).toEqual(['user: hi', 'user: more']);
  });

  it('begin at the newest compressed row, with the system rows from before it', () => {
    const compressed = { compressed: true, visibility: 'model' } as const;
    expect(
      prompt(
        row('system', [text('be kind')]),
        user('old'),
        row('user', [text('first summary')], compressed),
        user('less old'),
        row('user', [text('summary')], compressed),
        row('assistant', [call('c', {}, 'chat_summarized')], { compressed: true, visibility: 'user' }),
        user('new'),
      ),
    ).toEqual(['system: be kind', 'user: summary', 'user: new']);
  });
});

describe('an overlay', () => {
  it('stands behind the system rows at the beginning, before and after a compaction', () => {
    const stored = [row('system', [text('first')]), user('hi')];
    const overlay = ['mine', 'plan'];
    expect(texts(buildPrompt(stored, { overlay }))).toEqual([
      'system: first',
      'system: mine',
      'system: plan',
      'user: hi',
    ]);
    const summary = row('user', [text('summary')], { compressed: true, visibility: 'model' });
    expect(texts(buildPrompt([...stored, summary], { overlay }))).toEqual([
      'system: first',
      'system: mine',
      'system: plan',
      'user: summary',
    ]);
  });

  it('comes first where nothing is stored', () => {
    expect(texts(buildPrompt([], { overlay: ['mine'] }))).toEqual(['system: mine', 'user: Continue.']);
  });
});

describe('parts', () => {
  it('that are blank are dropped, and messages of nothing else with them', () => {
    expect(
      prompt(
        user('hi'),
        row('assistant', [text(' \n'), { type: 'reasoning', text: '' }]),
        row('user', [text('')]),
        user('!'),
      ),
    ).toEqual(['user: hi', 'user: !']);
  });

  it('keep blank reasoning that carries what its provider wants back', () => {
    const messages = buildPrompt([
      user('hi'),
      row('assistant', [
        { type: 'reasoning', text: '', provider_metadata: { anthropic: { signature: 's' } } },
        text('yes'),
      ]),
      user('ok'),
    ]);
    expect(messages[1]).toMatchObject({ parts: [{ type: 'reasoning', text: '' }, { type: 'text' }] });
  });

  it('become text when they are references, context files, skills or hook contexts; notices and sources stay away', () => {
    expect(
      prompt(
        row('user', [
          text('see'),
          { type: 'file-reference', file_name: 'a.ts', start_line: 3, end_line: 4, content: 'let x' },
          { type: 'hook-context', text: 'from a hook' },
          { type: 'hook-notice', text: 'for people' },
          { type: 'context-file', context_file_path: 'AGENTS.md', context_file_content: 'be brief' },
          { type: 'skill', skill_name: 'sew', skill_description: 'sews' },
        ]),
        row('assistant', [text('done'), { type: 'source', url: 'https://example.org' }]),
        user('thanks'),
      ),
    ).toEqual([
      'user: see | [a.ts:3-4]\nlet x | from a hook | <context-file path="AGENTS.md">\nbe brief\n</context-file> | Skill sew: sews',
      'assistant: done',
      'user: thanks',
    ]);
  });

  it('are well-formed Unicode', () => {
    expect(prompt(user('a\ud83c'))).toEqual(['user: a\uFFFD']);
  });
});

describe('a conversation', () => {
  it('begins with the user and does not end with the assistant', () => {
    expect(prompt(row('system', [text('s')]), row('assistant', [text('a')]))).toEqual([
      'system: s',
      'user: Continue.',
      'assistant: a',
      'user: Continue.',
    ]);
    expect(prompt()).toEqual(['user: Continue.']);
  });
});

describe('tool calls', () => {
  it('get their results directly behind them, real ones first, missing ones made up', () => {
    expect(
      prompt(
        user('go'),
        row('assistant', [call('a'), call('b'), call('c')]),
        user('wait'),
        row('tool', [result('c', 'C'), result('a', 'A')]),
      ),
    ).toEqual([
      'user: go',
      'assistant: read(a, {"a":1}) | read(b, {"a":1}) | read(c, {"a":1})',
      `tool: c={"output":"C"} a={"output":"A"} b=${MISSING}!`,
      'user: wait',
    ]);
  });

  it('are made up for results that nobody asked for', () => {
    expect(prompt(user('go'), row('tool', [result('x', { n: 1 })]), user('on'))).toEqual([
      'user: go',
      'assistant: read(x, {})',
      'tool: x={"n":1}',
      'user: on',
    ]);
  });

  it('take the first of two results', () => {
    expect(
      prompt(user('go'), row('assistant', [call('a')]), row('tool', [result('a', 1), result('a', 2)])),
    ).toEqual(['user: go', 'assistant: read(a, {"a":1})', 'tool: a=1']);
  });

  it('with a result from before the call keep it under a made-up call of its own', () => {
    expect(prompt(user('go'), row('tool', [result('a', 1)]), row('assistant', [call('a')]))).toEqual([
      'user: go',
      'assistant: read(a, {})',
      'tool: a=1',
      'assistant: read(a_2, {"a":1})',
      `tool: a_2=${MISSING}!`,
    ]);
  });

  it('that repeat an id in a later step get another one', () => {
    const step = [row('assistant', [call('call_0')]), row('tool', [result('call_0', 1)])];
    expect(prompt(user('go'), ...step, ...step)).toEqual([
      'user: go',
      'assistant: read(call_0, {"a":1})',
      'tool: call_0=1',
      'assistant: read(call_0_2, {"a":1})',
      'tool: call_0_2=1',
    ]);
  });

  it('have ids and names of letters, digits, _ and - only, at most 64 of them', () => {
    const long = 'x'.repeat(100);
    expect(
      prompt(
        user('go'),
        row('assistant', [call('toolu:1/ä', {}, 'fs.read'), call(long, {}, '')]),
        row('tool', [result(long, 1)]),
      ),
    ).toEqual([
      'user: go',
      `assistant: fs_read(toolu_1__, {}) | unknown_tool(${'x'.repeat(64)}, {})`,
      `tool: ${'x'.repeat(64)}=1 toolu_1__=${MISSING}!`,
    ]);
  });

  it.each([
    ['text', 'rm -rf', {}],
    ['JSON text of an object', '{"b":2}', { b: 2 }],
    ['a list', [1], {}],
    ['nothing', undefined, {}],
    ['null', null, {}],
  ])('with %s for arguments get an object', (_what, args, expected) => {
    const messages = buildPrompt([user('go'), row('assistant', [call('a', args)])]);
    expect(messages[1]).toMatchObject({ parts: [{ args: expected }] });
  });

  it('that the provider executed wait for its adapter with their results, and go nowhere without', () => {
    const executed = { provider_executed: true };
    expect(
      prompt(
        user('go'),
        row('assistant', [{ ...call('w'), ...executed }, result('w', 1, executed), text('found')]),
        user('ok'),
      ),
    ).toEqual(['user: go', 'assistant: provider-call w | provider-result w | found', 'user: ok']);
  });
});

it('costs a time that grows with the length of the history only', () => {
  const history = (steps: number) => [
    user('go'),
    ...Array.from({ length: steps }, () => [
      row('assistant', [call('call_0')]),
      row('tool', [result('call_0', 'x'.repeat(100))]),
    ]).flat(),
  ];
  const cost = (rows: PromptRow[]) => {
    const started = process.cpuUsage();
    buildPrompt(rows);
    const { user: userTime, system } = process.cpuUsage(started);
    return userTime + system;
  };
  // The least of several: a busy machine and the collector of garbage only add to it.
  const least = (rows: PromptRow[]) => Math.min(...[1, 2, 3].map(() => cost(rows)));
  const [short, long] = [history(2_000), history(20_000)];
  cost(short);
  // Ten times as long; a time that grew with the square would be a hundred times as much.
  expect(least(long)).toBeLessThan(40 * least(short));
});
