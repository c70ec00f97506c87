/** In code points, as the contract counts. */
export const lengthOf = (text: string): number => [...text].length;
