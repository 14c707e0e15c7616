import { readShortText } from './short-text';

const kind = { field: 'label', maxWords: 5, maxCharacters: 20 };

it.each<[string, string | undefined]>([
  ['{"label":"Fixed the login"}', 'Fixed the login'],
  ['Here it is:\n```json\n{"label": "Fixed it"}\n```', 'Fixed it'],
  ['"Fixed it"', 'Fixed it'],
  ['«Erledigt»', 'Erledigt'],
  ['{"label":" a\\u0000 \\n b "}', 'a b'],
  // Broken off by the limit on output.
  ['{"label":"Fixed the', undefined],
  ['```json\n{"label":', undefined],
  ['{"label": Fixed}', undefined],
  ['{"label":7}', undefined],
  ['{"label":"one two three four five six"}', undefined],
  ['', undefined],
  ['{"label":"🌍🌍🌍🌍🌍🌍🌍🌍🌍🌍🌍🌍🌍🌍🌍🌍🌍🌍🌍🌍🌍"}', `${'🌍'.repeat(19)}…`],
])('the label in %j is %j', (reply, label) => {
  expect(readShortText(reply, kind)).toBe(label);
});
