import type { FilePart } from '@parley/contracts';
import { buildPrompt } from './build-prompt';

const PDF = Buffer.from('%PDF-1.7 and so on').toString('base64');
const FILE_ID = '00000000-0000-4000-8000-000000000001';

function shown(
  part: Partial<FilePart>,
  readFile?: (id: string) => { mediaType: string; data: string } | undefined,
): unknown {
  const file: FilePart = { type: 'file', media_type: 'text/plain', ...part };
  const rows = [{ id: 1, role: 'user', content: [file], visibility: 'both', compressed: false } as const];
  const [message] = buildPrompt(rows, readFile === undefined ? {} : { readFile });
  return message?.role === 'user' ? message.parts[0] : undefined;
}

it('images and PDFs go as they are', () => {
  expect(shown({ media_type: 'application/pdf', data: PDF, name: 'a.pdf' })).toEqual({
    type: 'file',
    mediaType: 'application/pdf',
    data: PDF,
    name: 'a.pdf',
  });
});

it('a stored file is read by its id', () => {
  const read = (id: string) => (id === FILE_ID ? { mediaType: 'application/pdf', data: PDF } : undefined);
  expect(shown({ file_id: FILE_ID, media_type: 'application/pdf' }, read)).toMatchObject({
    type: 'file',
    data: PDF,
  });
});

it('a file that is gone leaves its name behind', () => {
  expect(shown({ file_id: FILE_ID, name: 'notes.txt' })).toEqual({
    type: 'text',
    text: '[The file "notes.txt" is no longer available.]',
  });
});

it('text becomes text', () => {
  expect(
    shown({
      name: 'a.csv',
      media_type: 'text/csv; charset=utf-8',
      data: Buffer.from('a,b').toString('base64'),
    }),
  ).toEqual({
    type: 'text',
    text: '<file name="a.csv">\na,b\n</file>',
  });
});

it('what is not what its type says, or of a type nobody takes, is named', () => {
  const expected = { type: 'text', text: expect.stringContaining('cannot be shown') as string };
  expect(shown({ media_type: 'image/png', data: PDF })).toEqual(expected);
  expect(shown({ media_type: 'application/zip', data: PDF })).toEqual(expected);
});
