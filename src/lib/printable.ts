/** What terminals obey instead of showing it, what turns text round or hides in it, and ends of lines. */
const unprintable = /[\p{Cc}\p{Cf}\u2028\u2029]/gu;
/** These join letters, and the parts of an emoji. */
const joiners = ['\u200c', '\u200d'];

const escaped = (char: string): string =>
  Array.from({ length: char.length }, (_, at) => `\\u${char.charCodeAt(at).toString(16).padStart(4, '0')}`).join('');

/** One line that shows all that is in it. */
export const printable = (text: string): string => text.replace(unprintable, escaped);

/** The same of what people write to each other: what they write with stays as it is. */
export const readable = (text: string): string =>
  text.replace(unprintable, (char) => (joiners.includes(char) ? char : escaped(char)));
