/** Loads the Lua scripts by which Redis decides each change of the room. `scripts/prelude.lua` describes the keys. */
import { readFileSync } from 'node:fs';
import { nonceWindowMs } from '../nonces.ts';

/** Entries that the stream keeps at least. A node that attaches reads them all. */
const maxLogged = 10_000;
/** Sessions or users that one script removes: Redis serves no other caller meanwhile. */
const maxRemoved = 200;
/** How far the time of the room may be ahead of the clock, which may have been wrong and then set right. */
const maxAheadMs = 60_000;

/** The constants that the scripts know, by their names there. Each becomes a `local` line before the prelude. */
const constants = { maxLogged, maxRemoved, maxAheadMs, nonceWindowMs };

const scriptNames = ['greet', 'tick', 'enter', 'refuse', 'leave', 'publish', 'post', 'announce', 'crowded'] as const;
export type ScriptName = (typeof scriptNames)[number];

/** Returns one file of Lua. The package build copies the folder to the same place in `dist/`. */
const read = (name: ScriptName | 'prelude'): string =>
  readFileSync(new URL(`scripts/${name}.lua`, import.meta.url), 'utf8');

const head = Object.entries(constants).map(([name, value]) => `local ${name} = ${value}\n`);
const prelude = `${head.join('')}${read('prelude')}`;

/** The scripts as Redis gets them. */
export const scripts = Object.fromEntries(scriptNames.map((name) => [name, `${prelude}${read(name)}`])) as Readonly<
  Record<ScriptName, string>
>;
