/** Matches characters that control a terminal, reverse or hide text, or end a line. */
const unprintable = /[\p{Cc}\p{Cf}\u2028\u2029]/gu;
/** Characters that join letters, and the parts of an emoji. */
const joiners = ['\u200c', '\u200d'];

const escaped = (char: string): string =>
  Array.from({ length: char.length }, (_, at) => `\\u${char.charCodeAt(at).toString(16).padStart(4, '0')}`).join('');

/** Returns text as one line in which every character is visible. */
export const printable = (text: string): string => text.replace(unprintable, escaped);

/** Returns a message of a user as one line: joiners, which some scripts need, stay as they are. */
export const readable = (text: string): string =>
  text.replace(unprintable, (char) => (joiners.includes(char) ? char : escaped(char)));
