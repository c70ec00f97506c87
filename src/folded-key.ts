/** The form of a name or an e-mail address by which it is unique: after NFKC and lower case. */
export const foldedKey = (text: string): string => text.normalize('NFKC').toLowerCase();
