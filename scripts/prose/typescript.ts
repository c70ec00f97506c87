import ts from 'typescript';
import { type Passage, passageAt, passageFrom } from './passage.ts';

/** Stands for a value that is known only at run time. */
const hole = 'X';
/** Comments for tools. */
const pragma = /^(?:biome-ignore|@ts-|eslint|c8 |v8 |#region|#endregion|\/ <reference)/;
const sql = /^\s*(?:SELECT|INSERT|UPDATE|DELETE|CREATE|ALTER|DROP|PRAGMA|BEGIN|WITH|ATTACH|VACUUM)\b/;
/** Attributes of an element whose text nobody reads. */
const unread = /^(?:class|className|style|d|viewBox|id|href|src|type|name|autoComplete|key|role)$/;

const parse = (file: string, text: string): ts.SourceFile =>
  ts.createSourceFile(file, text, ts.ScriptTarget.Latest, true, file.endsWith('x') ? ts.ScriptKind.TSX : undefined);

const lineOf = (source: ts.SourceFile, position: number): number =>
  source.getLineAndCharacterOfPosition(position).line + 1;

function eachNode(node: ts.Node, found: (node: ts.Node) => void): void {
  found(node);
  for (const child of node.getChildren()) eachNode(child, found);
}

/** Returns a comment's text without its frame, on as many lines. */
function textOf(comment: string): string {
  const isBlock = comment.startsWith('/*');
  const inside = isBlock ? comment.slice(2, -2) : comment.slice(2);
  return inside
    .split('\n')
    .map((line) => (isBlock ? line.replace(/^\s*\*+ ?/, '') : line).trim())
    .map((line) => line.replace(/^@(?:param|throws|template)\s+(?:\{[^}]*\}\s*)?(?:[\w.]+\s+-\s+)?/, ''))
    .map((line) => line.replace(/\{@link\s+([^}|\s]+)[^}]*\}/g, '`$1`').replace(/^@\w+\s*/, ''))
    .join('\n');
}

/** Returns the comments of a TypeScript file. Line comments that follow each other are one passage. */
export function commentsOf(file: string, text: string): Passage[] {
  const source = parse(file, text);
  const ranges = new Map<number, ts.CommentRange>();
  eachNode(source, (node) => {
    if (node.getChildCount() > 0 || ts.isJsxText(node)) return;
    const found = [
      ...(ts.getLeadingCommentRanges(text, node.pos) ?? []),
      ...(ts.getTrailingCommentRanges(text, node.end) ?? []),
    ];
    for (const range of found) ranges.set(range.pos, range);
  });
  const passages: { lines: { text: string; line: number }[]; column: number; isLine: boolean }[] = [];
  for (const { pos, end, kind } of [...ranges.values()].toSorted((one, other) => one.pos - other.pos)) {
    const comment = textOf(text.slice(pos, end));
    if (pragma.test(comment.trim())) continue;
    const { line, character: column } = source.getLineAndCharacterOfPosition(pos);
    const isLine = kind === ts.SyntaxKind.SingleLineCommentTrivia;
    const lines = passageFrom(comment, line + 1).lines;
    const last = passages.at(-1);
    const follows = last?.isLine && isLine && last.column === column && last.lines.at(-1)!.line === line;
    if (follows) last.lines.push(...lines);
    else passages.push({ lines: [...lines], column, isLine });
  }
  return passages;
}

/** Returns the text of a string, of a template, or of several that are joined by `+`; undefined for other expressions. */
function stringOf(node: ts.Node): string | undefined {
  if (ts.isStringLiteralLike(node)) return node.text;
  if (ts.isTemplateExpression(node))
    return node.head.text + node.templateSpans.map(({ literal }) => hole + literal.text).join('');
  if (!ts.isBinaryExpression(node) || node.operatorToken.kind !== ts.SyntaxKind.PlusToken) return undefined;
  const [left, right] = [stringOf(node.left), stringOf(node.right)];
  if (left === undefined && right === undefined) return undefined;
  return (left ?? hole) + (right ?? hole);
}

/** Tells prose from keys, names and code: it has words beside each other. */
const isProse = (text: string): boolean => /\p{L}[\p{L}'’,;:-]* \p{L}/u.test(text) && !sql.test(text);

/** Tells text that nobody reads by its place: what is imported, a type, a class, an element's plumbing. */
const isPlumbing = ({ parent }: ts.Node): boolean =>
  ts.isImportDeclaration(parent) ||
  ts.isExportDeclaration(parent) ||
  ts.isLiteralTypeNode(parent) ||
  (ts.isJsxAttribute(parent) && unread.test(parent.name.getText()));

/**
 * Returns the paragraphs of a text for a terminal. Columns are apart by two spaces; the last one is prose. An indented
 * line goes on with the line above.
 */
function paragraphsOf(text: string, line: number): Passage[] {
  const paragraphs: { text: string; line: number }[][] = [];
  for (const [index, each] of text.split('\n').entries()) {
    const cell = each.trim().split(/ {2,}/).at(-1)!;
    const goesOn = /^ {8}/.test(each) || (/^\S/.test(each) && !/ {2}/.test(each) && paragraphs.at(-1)?.at(-1)?.text);
    if (!paragraphs.length || !goesOn) paragraphs.push([]);
    paragraphs.at(-1)!.push({ text: cell, line: line + index });
  }
  return paragraphs.map((lines) => ({ lines }));
}

/** Returns the strings and the text of elements that people read: messages, help, labels. */
export function stringsOf(file: string, text: string): Passage[] {
  const source = parse(file, text);
  const passages: Passage[] = [];
  const visit = (node: ts.Node): void => {
    if (ts.isTaggedTemplateExpression(node)) return;
    const found = ts.isJsxText(node) ? node.text.replace(/\s+/g, ' ').trim() : stringOf(node);
    if (found === undefined) {
      ts.forEachChild(node, visit);
      return;
    }
    if (ts.isTemplateExpression(node)) for (const { expression } of node.templateSpans) visit(expression);
    if (!isProse(found) || isPlumbing(node)) return;
    const start = ts.isJsxText(node) ? node.pos + node.text.search(/\S/) : node.getStart();
    const line = lineOf(source, start);
    const isHelp = ts.isTemplateLiteral(node) && node.getText().includes('\n');
    passages.push(...(isHelp ? paragraphsOf(found, line) : [passageAt(found.replace(/\s+/g, ' '), line)]));
  };
  visit(source);
  return passages;
}

/** Functions of Vitest whose first argument is a name. */
const namesTests = /^(?:describe|suite|it|test)$/;

/** Tells whether a called expression is one of those functions, as in `it`, `it.skip`, or `describe.skipIf(…)`. */
function isNamingTests(called: ts.Expression): boolean {
  if (ts.isIdentifier(called)) return namesTests.test(called.text);
  if (ts.isPropertyAccessExpression(called) || ts.isCallExpression(called)) return isNamingTests(called.expression);
  return ts.isTaggedTemplateExpression(called) && isNamingTests(called.tag);
}

/** Returns the names that a file gives to its tests and groups of tests. */
export function testNamesOf(file: string, text: string): Passage[] {
  const source = parse(file, text);
  const passages: Passage[] = [];
  eachNode(source, (node) => {
    if (!ts.isCallExpression(node) || !isNamingTests(node.expression)) return;
    const [name, ...rest] = node.arguments;
    const found = name && rest.length > 0 ? stringOf(name) : undefined;
    if (found !== undefined) passages.push(passageAt(found.replace(/\s+/g, ' '), lineOf(source, name!.getStart())));
  });
  return passages;
}
