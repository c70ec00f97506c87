/** Removes one defence from the modules that are loaded. The sources on disk stay unchanged. */
import fs, { readFileSync } from 'node:fs';
import { registerHooks, syncBuiltinESMExports } from 'node:module';
import { fileURLToPath } from 'node:url';
import { type Defence, defences } from './defences.ts';

/** A piece of a source, and its replacement. */
export type Change = Pick<Defence, 'name' | 'file' | 'source' | 'off'>;

const fileOf = ({ file }: Change): string => fileURLToPath(new URL(`../../src/${file}`, import.meta.url));

/** @throws unless the piece occurs exactly once: else the table is out of date. */
export function without({ name, source, off }: Change, code: string): string {
  const pieces = code.split(source);
  if (pieces.length !== 2) throw new Error(`'${name}': its source was found ${pieces.length - 1} times`);
  return pieces.join(off);
}

export const withoutOnDisk = (change: Change): string => without(change, readFileSync(fileOf(change), 'utf8'));

function chosen(name: string): Defence {
  const defence = defences.find((one) => one.name === name);
  if (!defence) throw new Error(`There is no defence called '${name}'`);
  return defence;
}

/** For Vite: modules that the tests load themselves. */
export function switchedOff(
  name: string | undefined,
): { name: string; enforce: 'pre'; transform: (code: string, id: string) => string | undefined }[] {
  if (!name) return [];
  const defence = chosen(name);
  const file = fileOf(defence);
  return [
    {
      name: 'a defence is switched off',
      enforce: 'pre',
      transform: (code, id) => (id.split('?')[0] === file ? without(defence, code) : undefined),
    },
  ];
}

/** Changes a file that the server reads as text, such as a Lua script. Tests that run in Vite don't see the change. */
function changeText(change: Change, file: string): void {
  const read = fs.readFileSync as (path: fs.PathOrFileDescriptor, options: 'utf8') => string;
  const changed: typeof read = (path, options) => {
    const text = read(path, options);
    const isFile = path instanceof URL ? fileURLToPath(path) === file : path === file;
    return isFile ? without(change, text) : text;
  };
  fs.readFileSync = changed as typeof fs.readFileSync;
  syncBuiltinESMExports();
}

/** For Node: changes a file that is loaded from now on. */
export function changeHere(change: Change): void {
  const file = fileOf(change);
  if (!file.endsWith('.ts')) {
    changeText(change, file);
    return;
  }
  registerHooks({
    load: (url, context, next) => {
      const loaded = next(url, context);
      if (!url.startsWith('file:') || fileURLToPath(url) !== file) return loaded;
      return { ...loaded, source: without(change, String(loaded.source)) };
    },
  });
}

/** For a server that a test starts as a process. */
export const switchOffHere = (name: string): void => changeHere(chosen(name));
