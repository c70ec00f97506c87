/** A piece of text as a reader meets it, as Markdown, with the line of the file that each of its lines comes from. */
export interface Passage {
  readonly lines: readonly { readonly text: string; readonly line: number }[];
}

/** Returns a passage whose lines follow each other in the file. */
export const passageFrom = (text: string, line: number): Passage => ({
  lines: text.split('\n').map((each, index) => ({ text: each, line: line + index })),
});

/** Returns a passage all of which is at one line. */
export const passageAt = (text: string, line: number): Passage => ({
  lines: text.split('\n').map((each) => ({ text: each, line })),
});
