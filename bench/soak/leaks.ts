import type { Change } from '../../test/attack/switch-off.ts';

/** A piece of the server's source, and what stands there instead. */
export interface Leak extends Change {
  /** The class of what it doesn't let go of. */
  readonly holds: string;
}

const file = 'chat/upgrade.ts';
const gone = 'sockets.delete(webSocket);';

/** Leaks that can be planted in the server: each keeps something for every connection that ends. */
export const leaks: readonly Leak[] = [
  { name: 'sockets', holds: 'WebSocket', file, source: gone, off: '' },
  // An object and a text, a hundred bytes in all: what a table loses that nobody cleans up.
  {
    name: 'names',
    holds: 'Forgotten',
    file,
    source: gone,
    off: `${gone}
      const all = globalThis as any;
      all.Forgotten ??= class Forgotten { constructor(id) { this.id = id; } };
      (all.forgotten ??= []).push(new all.Forgotten(admitted.requestId + ' is gone'));`,
  },
];
