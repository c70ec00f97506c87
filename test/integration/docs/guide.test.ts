import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { settings } from '../../../src/config/settings.ts';

const root = join(import.meta.dirname, '../../..');
const read = (path: string): string => readFileSync(join(root, path), 'utf8');
const chapters = readdirSync(join(root, 'docs')).filter((name) => name.endsWith('.md'));
const texts = ['README.md', 'sdk/typescript/README.md', ...chapters.map((name) => `docs/${name}`)];
const variables = Object.keys(settings);
/** Variables of other programs: systemd, the shell, the bench, and Node. */
const foreign = ['TOKEN', 'BENCH_BEFORE', 'NODE_ENV', 'NODE_EXTRA_CA_CERTS', 'CI'];

describe('the documentation', () => {
  it('has eight chapters', () => expect(chapters.length).toBe(8));

  it.each(texts)('%s names only variables that the server reads', (path) => {
    const named = [...read(path).matchAll(/(?<=[`\n=(])[A-Z]+(?:_[A-Z]+)+(?=[`=)])/g)].map(([name]) => name);
    expect(named.filter((name) => ![...variables, ...foreign].includes(name))).toEqual([]);
  });

  it.each([
    ['README.md', variables.filter((name) => name !== 'NODE_ENV')],
    ['docs/configuration.md', variables],
  ])('%s has a row for every variable', (path, names) => {
    const table = [...read(path).matchAll(/^\| (`[A-Z_]+`(?:, `[A-Z_]+`)*) \|/gm)].flatMap(([, cell]) =>
      cell!.replaceAll('`', '').split(', '),
    );
    expect(table.sort()).toEqual(names.toSorted());
  });

  it.each(texts)('%s has no dead link', (path) => {
    const text = read(path);
    const links = [...text.matchAll(/\]\(((?!https?:)[^)]+)\)/g)].map(([, link]) => link!);
    const anchors = (markdown: string): string[] =>
      [...markdown.matchAll(/^#+ (.+)$/gm)].map(([, title]) =>
        title!
          .toLowerCase()
          .replace(/[^\w -]/g, '')
          .replaceAll(' ', '-'),
      );
    const dead = links.filter((link) => {
      const [file = '', anchor] = link.split('#');
      const target = file === '' ? path : join(dirname(path), file);
      return !existsSync(join(root, target)) || (anchor !== undefined && !anchors(read(target)).includes(anchor));
    });
    expect(dead).toEqual([]);
  });
});
