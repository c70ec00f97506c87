/**
 * Measures the SDK in a page: a minified and compressed bundle that imports `Palaver`. Fails if it is too large. The
 * code for HTTP is a file of its own, which a page loads only if it needs it.
 */
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';
import { build, type Rollup } from 'vite';

/**
 * Maximum size of the bundle, compressed, in bytes. Some 250 of them decide when the code for HTTP is loaded, and let a
 * connection over HTTP replace another one.
 */
const mostBytes = 10_496;
const entry = 'virtual:entry';
const browser = fileURLToPath(new URL('../sdk/typescript/src/browser.ts', import.meta.url));

const { output } = (await build({
  logLevel: 'silent',
  configFile: false,
  plugins: [
    {
      name: 'entry',
      resolveId: (id) => (id === entry ? `\0${entry}` : undefined),
      load: {
        order: 'pre',
        handler: (id) => {
          if (id === `\0${entry}`)
            return `import { Palaver } from ${JSON.stringify(browser)}; globalThis.Palaver = Palaver;`;
          // Each bundler loads files with code of its own, which is no part of the SDK.
          return id.includes('vite/preload-helper') ? 'export const __vitePreload = (load) => load();' : undefined;
        },
      },
    },
  ],
  build: { write: false, minify: true, target: 'es2022', rolldownOptions: { input: entry } },
})) as Rollup.RollupOutput;

const chunks = output.filter((file) => file.type === 'chunk');
/** Chunks that are loaded with the entry. */
const early = new Set(
  chunks.filter(({ isEntry }) => isEntry).flatMap(({ fileName, imports }) => [fileName, ...imports]),
);
const codeOf = (isEarly: boolean): string =>
  chunks.flatMap(({ fileName, code }) => (early.has(fileName) === isEarly ? [code] : [])).join('');
const code = codeOf(true);
const bytes = gzipSync(code).length;
console.log(`The SDK takes ${bytes} bytes in a page, of ${mostBytes} at most.`);
console.log(`The code for HTTP takes ${gzipSync(codeOf(false)).length} more, where it is needed.`);
if (!code.includes('palaver.v1') || bytes > mostBytes) process.exitCode = 1;
