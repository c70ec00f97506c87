import { defineConfig } from 'vitepress';
import { makeRelative } from './relative.ts';
import { labelCells } from './tables.ts';

const base = '/docs/';

/** Sections of the documentation, in reading order: title, folder, pages with their titles. */
const sections: readonly [title: string, folder: string, pages: readonly [file: string, title: string][]][] = [
  [
    'Guide',
    'guide',
    [
      ['getting-started', 'Getting started'],
      ['docker', 'Docker'],
      ['self-hosting', 'Self-hosting'],
      ['configuration', 'Configuration'],
      ['command-line', 'Command line'],
      ['operating', 'Operating'],
      ['external-identity-provider', 'External identity provider'],
      ['multiple-nodes', 'Multiple nodes'],
      ['troubleshooting', 'Troubleshooting'],
    ],
  ],
  [
    'Develop',
    'develop',
    [
      ['sdk', 'SDK'],
      ['react', 'React'],
      ['curl', 'Chat with curl'],
      ['backend', 'Post from your backend'],
      ['blocked-websockets', 'When WebSockets are blocked'],
      ['cors', 'CORS'],
      ['another-language', 'A client in another language'],
      ['contract-tests', 'Contract tests'],
    ],
  ],
  [
    'Reference',
    'reference',
    [
      ['http', 'HTTP'],
      ['websocket', 'WebSocket'],
      ['guarantees', 'Guarantees'],
      ['errors', 'Errors'],
      ['log-events', 'Log events'],
      ['metrics', 'Metrics'],
    ],
  ],
];

export default defineConfig({
  title: 'Palaver',
  description: 'A self-hosted chat server whose HTTP API and WebSocket protocol come from one published contract.',
  lang: 'en',
  base,
  buildEnd: ({ outDir }) => makeRelative(outDir, base),
  outDir: '../build/docs',
  cleanUrls: true,
  srcExclude: ['internals/**'],
  markdown: { languageAlias: { caddyfile: 'nginx', haproxy: 'nginx', hex: 'txt' }, config: labelCells },
  // A page must not ask for what nobody has clicked on.
  router: { prefetchLinks: false },
  head: [['link', { rel: 'icon', type: 'image/svg+xml', href: '/docs/icon.svg' }]],
  themeConfig: {
    siteTitle: 'Palaver',
    nav: [
      ...sections.map(([text, folder, pages]) => ({
        text,
        link: `/${folder}/${pages[0]![0]}`,
        activeMatch: `/${folder}/`,
      })),
      {
        text: 'API',
        items: [
          { text: 'HTTP console', link: '/http', target: '_self' },
          { text: 'WebSocket frames', link: '/websocket', target: '_self' },
          { text: 'SDK types', link: '/sdk/', target: '_self' },
        ],
      },
    ],
    sidebar: sections.map(([text, folder, pages]) => ({
      text,
      items: pages.map(([file, title]) => ({ text: title, link: `/${folder}/${file}` })),
    })),
    outline: { level: [2, 3], label: 'On this page' },
    search: { provider: 'local' },
    docFooter: { prev: 'Previous', next: 'Next' },
  },
});
