import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import config from '../../../docs/.vitepress/config.ts';
import manifest from '../../../package.json' with { type: 'json' };
import { settings } from '../../../src/config/settings.ts';

const root = join(import.meta.dirname, '../../..');
const read = (path: string): string => readFileSync(join(root, path), 'utf8');
const pages = readdirSync(join(root, 'docs'), { recursive: true, encoding: 'utf8' }).filter((name) =>
  /^(guide|develop|reference|internals)\/.*\.md$/.test(name),
);
const texts = [
  'README.md',
  'CONTRIBUTING.md',
  'SECURITY.md',
  'sdk/typescript/README.md',
  'contract/README.md',
  'contract/VIOLATIONS.md',
  'test/README.md',
  ...pages.map((name) => `docs/${name}`),
];
const variables = Object.keys(settings);
/** Variables of other programs: systemd, the shell, the bench, and Node. */
const foreign = ['TOKEN', 'BENCH_BEFORE', 'NODE_ENV', 'NODE_EXTRA_CA_CERTS', 'CI'];

describe('the documentation', () => {
  it('has a README of at most 150 lines', () => expect(read('README.md').split('\n').length).toBeLessThanOrEqual(151));

  it('has every page that is served in the sidebar, once', () => {
    const served = pages
      .filter((name) => !name.startsWith('internals/'))
      .map((name) => `/${name.slice(0, -'.md'.length)}`);
    const items = (config.themeConfig!.sidebar as { items: { link: string }[] }[]).flatMap(({ items }) => items);
    expect(items.map(({ link }) => link).sort()).toEqual(served.sort());
  });

  it.each(pages.filter((name) => !name.startsWith('internals/')))('docs/%s has its title in the sidebar', (name) => {
    const items = (config.themeConfig!.sidebar as { items: { text: string; link: string }[] }[]).flatMap(
      ({ items }) => items,
    );
    const [, title] = /^# (.+)$/m.exec(read(`docs/${name}`))!;
    const { text } = items.find(({ link }) => `${link}.md` === `/${name}`)!;
    expect(title).toContain(text.split(' ')[0]);
  });

  it.each(texts)('%s names only variables that the server reads', (path) => {
    const named = [...read(path).matchAll(/(?<=[`\n=(])[A-Z]+(?:_[A-Z]+)+(?=[`=)])/g)].map(([name]) => name);
    expect(named.filter((name) => ![...variables, ...foreign].includes(name))).toEqual([]);
  });

  it.each(texts)('%s names only npm scripts that exist', (path) => {
    const named = [...read(path).matchAll(/npm run (?:-\S+ )?([\w:-]+)/g)].map(([, name]) => name!);
    expect(named.filter((name) => !(name in manifest.scripts))).toEqual([]);
  });

  it.each(texts)('%s names only files that exist', (path) => {
    const folders = 'bench|bin|contract|deploy|docs|generated|scripts|sdk|specs|src|test|web';
    const named = [...read(path).matchAll(new RegExp(`(?<=[\`\\s])(?:${folders})/[\\w./-]+\\.\\w+`, 'g'))].map(
      ([name]) => name,
    );
    expect(named.filter((name) => !existsSync(join(root, name)))).toEqual([]);
  });

  it('has a row for every setting', () => {
    const table = [...read('docs/guide/configuration.md').matchAll(/^\| (`[A-Z_]+`(?:, `[A-Z_]+`)*) \|/gm)].flatMap(
      ([, cell]) => cell!.replaceAll('`', '').split(', '),
    );
    expect(table.sort()).toEqual(variables.toSorted());
  });

  it.each(texts)('%s has no dead link', (path) => {
    const text = read(path).replace(/```.*?```/gs, '');
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
