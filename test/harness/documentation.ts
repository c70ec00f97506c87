import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { root } from './process.ts';

/** A fenced code block of a page. */
export interface CodeBlock {
  /** Heading of the section. */
  readonly heading: string;
  readonly language: string;
  /** Second word behind the fence, if any. */
  readonly by: string;
  readonly text: string;
}

const pattern =
  /^#+ (?<heading>[^\n]+)$|^(?<indent> *)```(?<language>\w*)(?: (?<by>\w+))?\n(?<text>.*?)\n\k<indent>```$/gms;

/** Returns the code blocks of a page in their order. The path is relative to the project's folder. */
export function blocksOf(path: string): readonly CodeBlock[] {
  const blocks: CodeBlock[] = [];
  let section = '';
  for (const { groups } of readFileSync(join(root, path), 'utf8').matchAll(pattern)) {
    const { heading, indent = '', language = '', by = '', text = '' } = groups!;
    section = heading ?? section;
    if (heading === undefined)
      blocks.push({ heading: section, language, by, text: text.replaceAll(`\n${indent}`, '\n').slice(indent.length) });
  }
  return blocks;
}

/**
 * Returns the texts of the code blocks below a heading, of one language.
 * @throws if there are none
 */
export function codeBelow(path: string, heading: string, language: string): [string, ...string[]] {
  const [first, ...others] = blocksOf(path).flatMap((block) =>
    block.heading === heading && block.language === language ? [block.text] : [],
  );
  if (first === undefined) throw new Error(`${path} has no code of the language ${language} below '${heading}'`);
  return [first, ...others];
}

export type Replaced = readonly (readonly [there: string, here: string])[];

/**
 * Returns the text of a page with values of this machine, such as a free port.
 * @throws if the text lacks one to replace
 */
export function adapted(text: string, replaced: Replaced): string {
  return replaced.reduce((result, [there, here]) => {
    if (!result.includes(there)) throw new Error(`The page no longer has '${there}' in: ${text}`);
    return result.replaceAll(there, here);
  }, text);
}
