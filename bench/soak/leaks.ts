import type { Change } from '../../test/attack/switch-off.ts';

const file = 'chat/upgrade.ts';
const gone = 'sockets.delete(webSocket);';

/** What a server can be made to leak, to see that the verdict sees it. */
export const leaks: readonly Change[] = [
  { name: 'sockets', file, source: gone, off: '' },
  // An object and a text, some hundred bytes in all: what a table loses that nobody cleans up.
  {
    name: 'names',
    file,
    source: gone,
    off: `${gone}\n((globalThis as { left?: object[] }).left ??= []).push({ id: \`\${admitted.requestId} left\` });`,
  },
];
