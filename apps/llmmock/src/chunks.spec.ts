import fc from 'fast-check';
import { chunksOfCount, chunksOfSize } from './chunks';

const text = fc.string({ unit: 'binary', maxLength: 200 });
const splitsPair = (chunk: string): boolean =>
  /^[\udc00-\udfff]/.test(chunk) || /[\ud800-\udbff]$/.test(chunk);

describe('chunks', () => {
  test('pieces of a size join to the text, are near that size, and never split a character', () => {
    fc.assert(
      fc.property(text, fc.integer({ min: 1, max: 20 }), (whole, size) => {
        const chunks = chunksOfSize(whole, size);
        expect(chunks.join('')).toBe(whole);
        expect(chunks.every((chunk) => chunk.length >= 1 && chunk.length <= size + 1)).toBe(true);
        expect(chunks.some(splitsPair)).toBe(false);
      }),
    );
  });

  test('a count of pieces is kept when the text is long enough for it', () => {
    fc.assert(
      fc.property(text, fc.integer({ min: 1, max: 30 }), (whole, count) => {
        const chunks = chunksOfCount(whole, count);
        expect(chunks.join('')).toBe(whole);
        expect(chunks.length).toBeLessThanOrEqual(count);
        expect(chunks.some((chunk) => chunk === '' || splitsPair(chunk))).toBe(false);
        if (whole.length >= 3 * count) expect(chunks).toHaveLength(count);
      }),
    );
  });
});
