import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vite';

const path = (relative: string): string => fileURLToPath(new URL(relative, import.meta.url));

export default defineConfig({
  // Relative, so that the page also works behind a proxy that serves it under a path.
  base: './',
  oxc: { jsx: { runtime: 'automatic', importSource: 'preact' } },
  resolve: {
    alias: [
      { find: /^@palaver\/sdk$/, replacement: path('../sdk/typescript/src/browser.ts') },
      { find: /^@palaver\/sdk\/react$/, replacement: path('../sdk/typescript/src/react.ts') },
      { find: /^react$/, replacement: 'preact/compat' },
    ],
  },
  build: {
    outDir: path('../build/page'),
    emptyOutDir: true,
    // The page's Content-Security-Policy allows no inlined assets and no preloading by script.
    assetsInlineLimit: 0,
    modulePreload: false,
  },
});
