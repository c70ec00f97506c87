import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { scripts } from '../../../../src/backplane/redis/scripts.ts';

const folder = join(import.meta.dirname, '../../../../src/backplane/redis/scripts');
const read = (name: string): string => readFileSync(join(folder, `${name}.lua`), 'utf8');

describe('the scripts of the room', () => {
  it('are the files of their folder and the prelude', () => {
    const files = ['prelude', ...Object.keys(scripts)].map((name) => `${name}.lua`);
    expect(readdirSync(folder).sort()).toEqual(files.sort());
  });

  it.each(Object.entries(scripts))('begin with the constants and the prelude: %s', (name, script) => {
    const constants = script.slice(0, -`${read('prelude')}${read(name)}`.length);
    expect(script).toBe(`${constants}${read('prelude')}${read(name)}`);
    expect(constants).toMatch(/^(local \w+ = \d+\n)+$/);
  });

  it('use every constant that they receive', () => {
    const all = [...Object.keys(scripts), 'prelude'].map(read).join('\n');
    const [head] = scripts.tick.split(read('prelude'));
    for (const [, name] of head!.matchAll(/local (\w+) =/g)) expect(all).toContain(name);
  });
});
