import type { Random } from './random';

const WORDS =
  'a about after again all also and any around as at away back before began better between both bring by came change clear close cold come could day deep did each early easy end enough even every far few field find first follow for form found four from full gave give good great ground grow had half hand hard has have he head help her here high him his home hope house how idea if in into it just keep kind know land large last late lead learn leave left less let life light like line little long look made make many may mean more most move much must name near need never new next night now number of off often old on once one only open or other our out over own part people place plain plan play point quiet read ready real rest right river road room round said same saw say sea see seem set she short show side simple since sky small so some song soon stand start still stone stop story such sun sure take talk tell than that the their them then there they thing think this those thought three time to today together too took tree true try turn two under until up us use very walk want warm was watch water way we well went were what when where which while white who why will wind with wood word work world would year you young your'.split(
    ' ',
  );
const MAX_ECHO_CHARACTERS = 120;

/** The answer of the mock as a demo model: pleasant, the same for the same question, and honest about its origin. */
export function defaultReply(userText: string): string {
  const flat = userText.replace(/\s+/g, ' ').trim();
  const cut = Array.from(flat).slice(0, MAX_ECHO_CHARACTERS).join('');
  const echo = cut.length < flat.length ? `${cut}…` : cut;
  const opening = echo === '' ? 'Thank you for your message.' : `You wrote: “${echo}”.`;
  return (
    `${opening} This answer comes from the mock model, which knows nothing but is always in a good mood; ` +
    `with a real provider's key in place, a real model would take it from here. What shall we try next?`
  );
}

/** What the mock makes of any conversation. */
export const DEFAULT_SUMMARY =
  'The user and the mock model talked. All questions so far were answered kindly; nothing was decided and nothing is left open.';

/** What the mock "thinks" when the client asked for reasoning and nothing else was set. */
export function defaultReasoning(userText: string): string {
  const flat = userText.replace(/\s+/g, ' ').trim();
  const about = Array.from(flat).slice(0, 60).join('');
  return `The user writes about ${about === '' ? 'nothing in particular' : `“${about}”`}. A short and friendly answer will do.`;
}

/** Text of exactly `characters` characters, made of plain words; the same seed gives the same text. */
export function generateText(characters: number, random: Random): string {
  const pieces: string[] = [];
  let length = 0;
  // One more than fits where the last word ends just there: what joins it is part of the text.
  while (length <= characters) {
    const word = WORDS[Math.floor(random() * WORDS.length)] ?? 'word';
    pieces.push(word);
    length += word.length + 1;
  }
  const text = pieces.join(' ').slice(0, characters);
  return text.endsWith(' ') ? `${text.slice(0, -1)}.` : text;
}
