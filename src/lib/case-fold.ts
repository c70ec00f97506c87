/**
 * Returns the form of an e-mail address by which it is unique and by which attempts are counted: NFKC, in lower case.
 */
export const foldedKey = (text: string): string => text.normalize('NFKC').toLowerCase();

/** Matches printable ASCII with single spaces inside, which only needs lower case. */
const plain = /^[!-~]+(?: [!-~]+)*$/;
const ignorable = /\p{Default_Ignorable_Code_Point}+/gu;
const whiteSpace = /\s+/gu;

/**
 * Folds case fully (Unicode, 3.13), which JavaScript has no function for: upper case and then lower case turns ß and ẞ
 * into `ss`. A dotless i keeps its own form, and a final sigma becomes a sigma.
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
 * Returns the form of a name by which it is unique: names that look the same have the same key. It is NFKC_Casefold
 * (Unicode, 3.13), which removes invisible characters, with runs of white space as one space and none at the ends.
 */
export function nameKey(name: string): string {
  if (plain.test(name)) return name.toLowerCase();
  // Twice: some letters are composed or decomposed only by the result of the first round.
  return foldedOnce(foldedOnce(name)).replace(whiteSpace, ' ').trim();
}
