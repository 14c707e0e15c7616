/**
 * Text without what a reader cannot see: zero-width and other format characters, tags, blank letters, variation selectors and
 * control characters can hide instructions from whoever reviews a prompt.
 *
 * Kept are line breaks and tabs, and the few of them that change what is seen: joiners between emoji, the selectors of text and emoji
 * presentation, and the non-joiner within words of the Arabic script.
 */
const INVISIBLE =
  /(?!(?<=[\p{Extended_Pictographic}\u{FE0F}\p{Emoji_Modifier}])\u200D(?=\p{Extended_Pictographic}))(?!(?<=\p{Script=Arabic})\u200C(?=\p{Script=Arabic}))(?:(?![\n\r\t])\p{Cc}|\p{Cf}|[\u034F\u115F\u1160\u17B4\u17B5\u3164\uFFA0\u{FE00}-\u{FE0D}\u{E0100}-\u{E01EF}])/gu;

export const withoutInvisible = (text: string): string => text.replace(INVISIBLE, '');
