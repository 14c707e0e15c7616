import { createRandom } from './random';
import { generateText } from './reply-text';

test('a generated text has exactly as many characters as were asked for, none of them blank at its end', () => {
  for (let characters = 1; characters <= 2_000; characters += 1) {
    const text = generateText(characters, createRandom(`seed ${characters}`));
    expect(text).toHaveLength(characters);
    expect(text).not.toMatch(/\s$/);
  }
});
