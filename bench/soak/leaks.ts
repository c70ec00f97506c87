import type { Change } from '../../test/attack/switch-off.ts';

/** A piece of the server's source, and its replacement. */
export interface Leak extends Change {
  /** Class of the leaked objects. */
  readonly holds: string;
}

const file = 'chat/upgrade.ts';
const gone = 'open.delete(connection);';

/** Leaks to plant in the server: each keeps something for every connection that ends. */
export const leaks: readonly Leak[] = [
  { name: 'sockets', holds: 'WebSocket', file, source: gone, off: '' },
  // An object and a text of a hundred bytes together, like an entry that a table never removes.
  {
    name: 'names',
    holds: 'Forgotten',
    file,
    source: gone,
    off: `${gone}
      const all = globalThis as any;
      all.Forgotten ??= class Forgotten { constructor(id) { this.id = id; } };
      (all.forgotten ??= []).push(new all.Forgotten(Math.random() + ' is gone for good'));`,
  },
];
