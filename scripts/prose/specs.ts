import { isMap, isPair, isScalar, LineCounter, parseDocument, Scalar, visit } from 'yaml';
import { type Passage, passageFrom } from './passage.ts';

const proseKeys: readonly unknown[] = ['title', 'summary', 'description'];

/** Returns the titles, summaries and descriptions of a YAML file. */
export function passagesOfSpec(text: string): Passage[] {
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines });
  const passages: Passage[] = [];
  visit(document, {
    Pair(_, { key, value }, path) {
      if (!isScalar(key) || !proseKeys.includes(key.value)) return;
      // A schema has properties, not prose, of these names.
      const parent = path.at(-2);
      if (isPair(parent) && isScalar(parent.key) && parent.key.value === 'properties' && isMap(parent.value)) return;
      if (!isScalar(value) || typeof value.value !== 'string' || !value.range) return;
      const [from, to] = value.range;
      const { line } = lines.linePos(from);
      const isBlock = value.type === Scalar.BLOCK_FOLDED || value.type === Scalar.BLOCK_LITERAL;
      const written = text.slice(from, to).replace(/\n$/, '').split('\n');
      const shown = isBlock ? written.slice(1) : written;
      const indent = Math.min(...shown.filter((each) => each.trim() !== '').map((each) => each.search(/\S/)));
      const passage = shown.map((each) => (isBlock ? each.slice(indent) : each.trim().replace(/^['"]|['"]$/g, '')));
      passages.push(passageFrom(passage.join('\n'), isBlock ? line + 1 : line));
    },
  });
  return passages;
}
