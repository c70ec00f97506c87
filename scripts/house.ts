/** Prints the size of each package's files and functions, and its import cycles: `npm run house`. */
import { globSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { cruise, type ICruiseResult } from 'dependency-cruiser';
import ts from 'typescript';

const root = join(import.meta.dirname, '..');
const maxParameters = 4;

/** The folders of each package. Generated code is left out. */
const packages: Readonly<Record<string, readonly string[]>> = {
  src: ['src/'],
  sdk: ['sdk/typescript/src/'],
  contract: ['contract/src/'],
  web: ['web/'],
  specs: ['specs/'],
  bench: ['bench/'],
  test: ['test/', 'sdk/typescript/test/', 'contract/test/', 'specs/test/', 'bench/test/'],
  scripts: ['scripts/', 'deploy/'],
};
const ignored = /(^|\/)(node_modules|generated|dist|__transpiled|planted)(\/|$)/;

interface Measured {
  readonly name: string;
  readonly file: string;
  readonly lines: number;
}

interface House {
  longest: Measured;
  largest: Measured;
  readonly manyParameters: string[];
  readonly cycles: Set<string>;
}

/** Returns the package with the longest folder name that holds the file. */
const packageOf = (file: string): string =>
  Object.entries(packages)
    .flatMap(([name, folders]) =>
      folders.filter((folder) => file.startsWith(folder)).map((folder) => ({ name, folder })),
    )
    .toSorted((one, other) => other.folder.length - one.folder.length)[0]!.name;

type FunctionNode = ts.FunctionLikeDeclaration & { readonly body: ts.Node };
const isFunction = (node: ts.Node): node is FunctionNode =>
  ts.isFunctionLike(node) && 'body' in node && node.body !== undefined;

/** Returns the function's name, its variable's or property's, or the call that it is an argument of. */
function nameOf(node: FunctionNode): string {
  const { name, parent } = node;
  if (name) return name.getText();
  if (ts.isVariableDeclaration(parent) || ts.isPropertyAssignment(parent)) return parent.name.getText();
  if (!ts.isCallExpression(parent)) return 'anonymous';
  const [first] = parent.arguments;
  return `${parent.expression.getText().split('\n')[0]}(${first && ts.isStringLiteral(first) ? first.getText() : ''})`;
}

/** Returns the number of lines with code up to each line: neither blank nor comments alone. */
function countCode(source: ts.SourceFile): number[] {
  const hasCode: boolean[] = source.getLineStarts().map(() => false);
  const visit = (node: ts.Node): void => {
    const children = node.getChildren(source).filter((child) => !ts.isJSDoc(child));
    for (const child of children) visit(child);
    if (children.length > 0 || node.getWidth(source) === 0) return;
    const from = source.getLineAndCharacterOfPosition(node.getStart(source)).line;
    const to = source.getLineAndCharacterOfPosition(node.getEnd()).line;
    hasCode.fill(true, from, to + 1);
  };
  visit(source);
  let sum = 0;
  return hasCode.map((has) => (sum += Number(has)));
}

function measure(file: string, house: House): void {
  const source = ts.createSourceFile(file, readFileSync(join(root, file), 'utf8'), ts.ScriptTarget.Latest, true);
  const code = countCode(source);
  const lineOf = (position: number): number => source.getLineAndCharacterOfPosition(position).line;
  const lines = code.at(-1) ?? 0;
  if (lines > house.largest.lines) house.largest = { name: file, file, lines };
  const visit = (node: ts.Node): void => {
    if (isFunction(node)) {
      const first = lineOf(node.getStart(source));
      const length = code[lineOf(node.end)]! - (code[first - 1] ?? 0);
      if (length > house.longest.lines)
        house.longest = { name: nameOf(node), file: `${file}:${first + 1}`, lines: length };
      if (node.parameters.length > maxParameters)
        house.manyParameters.push(`${nameOf(node)} (${node.parameters.length}) ${file}:${first + 1}`);
    }
    ts.forEachChild(node, visit);
  };
  visit(source);
}

/** Adds each import cycle, type-only imports included, to the package that it begins in. */
async function findCycles(files: readonly string[], houses: ReadonlyMap<string, House>): Promise<void> {
  const { options } = createRequire(import.meta.url)('../.dependency-cruiser.cjs');
  const { output } = await cruise([...files], {
    ...options,
    baseDir: root,
    validate: true,
    ruleSet: { forbidden: [{ name: 'no-cycle', severity: 'error', from: {}, to: { circular: true } }] },
  });
  for (const { from, cycle } of (output as ICruiseResult).summary.violations)
    houses.get(packageOf(from))!.cycles.add([...new Set(cycle!.map(({ name }) => name))].sort().join(' '));
}

const files = globSync(
  '{src,sdk/typescript/src,sdk/typescript/test,contract/src,contract/test,web,specs,bench,test,scripts,deploy}/**/*.{ts,tsx}',
  {
    cwd: root,
    exclude: (name) => ignored.test(name),
  },
).filter((file) => !ignored.test(file));
const none = { name: '', file: '', lines: 0 };
const houses = new Map<string, House>(
  Object.keys(packages).map((name) => [name, { longest: none, largest: none, manyParameters: [], cycles: new Set() }]),
);
for (const file of files) measure(file, houses.get(packageOf(file))!);
await findCycles(files, houses);

for (const [name, { longest, largest, manyParameters, cycles }] of houses) {
  console.log(`${name}
  longest function       ${longest.lines} lines  ${longest.name}  ${longest.file}
  largest file           ${largest.lines} lines  ${largest.file}
  over ${maxParameters} parameters      ${[manyParameters.length, ...manyParameters].join('\n    ')}
  import cycles          ${[cycles.size, ...cycles].join('\n    ')}`);
}
