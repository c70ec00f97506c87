/** Returns the length in code points, as in the contract. */
export const lengthOf = (text: string): number => [...text].length;
