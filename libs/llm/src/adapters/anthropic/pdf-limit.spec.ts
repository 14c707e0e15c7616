import { deflateSync } from 'node:zlib';
import type { ModelRequest, PromptFile } from '../../model-client';
import { countPdfPages } from '../../prompt/pdf-pages';
import { withinPdfLimit } from './pdf-limit';

const kids = (pages: number) => Array.from({ length: pages }, (_, index) => `${index + 3} 0 R`).join(' ');

function plainPdf(pages: number): Buffer {
  const objects = Array.from(
    { length: pages },
    (_, index) => `${index + 3} 0 obj\n<</Type /Page /Parent 2 0 R>>\nendobj`,
  );
  const tree = `2 0 obj\n<< /Type /Pages /Kids [${kids(pages)}] /Count ${pages} >>\nendobj`;
  return Buffer.from(['%PDF-1.4', tree, ...objects, '%%EOF'].join('\n'));
}

function compressedPdf(pages: number): Buffer {
  const dictionaries = Array.from({ length: pages }, () => '<</Type/Page/Parent 2 0 R>>').join(' ');
  const body = deflateSync(`<</Type/Pages/Kids[${kids(pages)}]/Count ${pages}>> ${dictionaries}`);
  const head = `%PDF-1.5\n1 0 obj\n<</Type/ObjStm/N ${pages + 1}/First 9/Filter/FlateDecode/Length ${body.length}>>\nstream\n`;
  return Buffer.concat([Buffer.from(head), body, Buffer.from('\nendstream\nendobj\n%%EOF')]);
}

describe('the pages of a PDF', () => {
  test.each([
    ['as they stand', plainPdf(120), 120],
    ['in compressed streams', compressedPdf(601), 601],
    [
      'of an updated file, whose old objects are still there',
      Buffer.concat([plainPdf(3), Buffer.from('3 0 obj\n<</Type/Page>>')]),
      3,
    ],
    ['of a file that hides them', Buffer.from('%PDF-1.7 /Encrypt'), undefined],
  ])('are counted %s', (_what, pdf, pages) => {
    expect(countPdfPages(pdf)).toBe(pages);
  });

  test('are counted in bounded time, whatever a file says', () => {
    const hostile = Buffer.from(
      `%PDF-1.4 ${'/Type /Pages /Count 1 '.repeat(200_000)}${'/Type/ObjStm'.repeat(20_000)}`,
    );
    const started = process.cpuUsage();
    expect(countPdfPages(hostile)).toBe(1);
    expect(process.cpuUsage(started).user / 1_000).toBeLessThan(5_000);
  });
});

const pdf = (pages: number, name?: string): PromptFile => ({
  type: 'file',
  mediaType: 'application/pdf',
  data: plainPdf(pages).toString('base64'),
  ...(name !== undefined && { name }),
});
const request = (...files: PromptFile[]): ModelRequest => ({
  messages: [
    ...files.slice(1).map((file) => ({ role: 'user', parts: [file] }) as const),
    {
      role: 'tool',
      results: files
        .slice(0, 1)
        .map((media) => ({ toolCallId: 'c', toolName: 't', text: 'x', media, isError: false })),
    },
  ],
  tools: [],
  settings: {},
});
const left = (asked: ModelRequest, contextLimit?: number) =>
  JSON.stringify(withinPdfLimit(asked, contextLimit).messages).match(/of \d+ pages was left out/g) ?? [];

describe('PDFs in a request to Anthropic', () => {
  test('go while they have 100 pages in all, 600 in a large context', () => {
    const asked = request(pdf(60), pdf(40));
    expect(withinPdfLimit(asked, 200_000)).toBe(asked);
    expect(left(request(pdf(60), pdf(41)))).toEqual(['of 41 pages was left out']);
    expect(left(request(pdf(60), pdf(41)), 200_001)).toEqual([]);
    expect(left(request(pdf(601)), 1_000_000)).toEqual(['of 601 pages was left out']);
  });

  test('the newest go, and a text stands for each of the others', () => {
    const { messages } = withinPdfLimit(request(pdf(101), pdf(90, 'old.pdf'), pdf(20)), 1);
    expect(messages[0]).toEqual({
      role: 'user',
      parts: [
        {
          type: 'text',
          text: '[The PDF "old.pdf" of 90 pages was left out: this model takes 100 pages in all.]',
        },
      ],
    });
    expect(messages[1]).toMatchObject({ parts: [{ mediaType: 'application/pdf' }] });
    expect(messages[2]).toMatchObject({
      results: [{ text: expect.stringMatching(/^x\n\[A PDF of 101 pages/) as string }],
    });
    expect(JSON.stringify(messages[2])).not.toContain('base64');
  });
});
