/** The form of an e-mail address by which it is unique, and by which attempts are counted: after NFKC and lower case. */
export const foldedKey = (text: string): string => text.normalize('NFKC').toLowerCase();

/** Printable ASCII, with single spaces inside: all that is done to it is lower case. */
const plain = /^[!-~]+(?: [!-~]+)*$/;
const ignorable = /\p{Default_Ignorable_Code_Point}+/gu;
const whiteSpace = /\s+/gu;

/**
 * Full case folding (Unicode, 3.13), which JavaScript lacks: lower case of upper case makes ß and ẞ `ss`. A dotless i has
 * the upper case of i and stays apart; a final sigma is a sigma.
 */
const caseFolded = (text: string): string =>
  text
    .split('ı')
    .map((part) => part.toLowerCase().toUpperCase().toLowerCase())
    .join('ı')
    .replaceAll('ς', 'σ');

const foldedOnce = (text: string): string =>
  caseFolded(text.replace(ignorable, '').normalize('NFKC')).replace(ignorable, '').normalize('NFKC');

/**
 * The form of a name by which it is unique: names that look the same have the same one. It is NFKC_Casefold (Unicode,
 * 3.13), which leaves out what nobody sees, with each run of white space as one space and none at the ends.
 */
export function nameKey(name: string): string {
  if (plain.test(name)) return name.toLowerCase();
  // Once more: some letters are composed anew, or come apart, only by what the first round has made of them.
  return foldedOnce(foldedOnce(name)).replace(whiteSpace, ' ').trim();
}
