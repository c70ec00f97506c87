/** Measures the SDK in a page: a minified and compressed bundle that imports `Palaver`. Fails if it is too large. */
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';
import { build, type Rollup } from 'vite';

/** Maximum size of the bundle, compressed, in bytes. */
const mostBytes = 10_240;
const entry = 'virtual:entry';
const browser = fileURLToPath(new URL('../sdk/typescript/src/browser.ts', import.meta.url));

const { output } = (await build({
  logLevel: 'silent',
  configFile: false,
  plugins: [
    {
      name: 'entry',
      resolveId: (id) => (id === entry ? `\0${entry}` : undefined),
      load: (id) =>
        id === `\0${entry}`
          ? `import { Palaver } from ${JSON.stringify(browser)}; globalThis.Palaver = Palaver;`
          : undefined,
    },
  ],
  build: { write: false, minify: true, target: 'es2022', rolldownOptions: { input: entry } },
})) as Rollup.RollupOutput;

const code = output.map((file) => ('code' in file ? file.code : '')).join('');
const bytes = gzipSync(code).length;
console.log(`The SDK takes ${bytes} bytes in a page, of ${mostBytes} at most.`);
if (!code.includes('palaver.v1') || bytes > mostBytes) process.exitCode = 1;
