/**
 * Makes a built site independent of its address: a proxy may serve Palaver under a path that neither the build nor the
 * server knows. VitePress has no option for that (its `base` is absolute), so this rewrites what it wrote.
 */
import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

/**
 * Sets the base from the address of this script, and makes links absolute, because the address of the page changes with
 * each navigation. An index that is served without the slash at its end gets one.
 */
const start = `
const base = new URL('../../', import.meta.url).pathname;
window.__VP_SITE_DATA__.base = base;
for (const link of document.querySelectorAll('a[href], link[href]')) {
  const { origin, pathname, search, hash } = new URL(link.href);
  if (origin === location.origin && !link.getAttribute('href').startsWith('#'))
    link.setAttribute('href', pathname + search + hash);
}
if (location.pathname + '/' === base) history.replaceState(null, '', base + location.search + location.hash);
`;

/** Replaces a text that occurs once. @throws if it doesn't, because VitePress has changed */
function replaceOnce(text: string, from: string, to: string, file: string): string {
  if (text.split(from).length !== 2) throw new Error(`${file} should have ${from} once`);
  return text.replace(from, () => to);
}

/** Rewrites all files of a site that was built with this base. */
export async function makeRelative(folder: string, base: string): Promise<void> {
  for (const path of await readdir(folder, { recursive: true })) {
    const file = join(folder, path);
    const rewrite = async (change: (text: string) => string): Promise<void> =>
      writeFile(file, change(await readFile(file, 'utf8')));
    if (path.endsWith('.html'))
      await rewrite((html) => html.replaceAll(`="${base}`, `="${'../'.repeat(path.split('/').length - 1) || './'}`));
    if (/^assets\/chunks\/metadata\.\w+\.js$/.test(path)) await rewrite((text) => text + start);
    if (/^assets\/chunks\/framework\.[\w-]+\.js$/.test(path))
      await rewrite((text) =>
        replaceOnce(text, `return\`${base}\`+`, 'return new URL(`../../`,import.meta.url).pathname+', path),
      );
  }
}
