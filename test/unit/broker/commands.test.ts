import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { type RedisUse, trials } from '../../../src/broker/redis-check.ts';

const src = join(import.meta.dirname, '../../../src');
const sources = (...names: string[]): string => names.map((name) => readFileSync(join(src, name), 'utf8')).join('\n');
const scripts = 'backplane/redis/scripts';
const lua = readdirSync(join(src, scripts)).map((name) => `${scripts}/${name}`);
/** Commands that no script may run, or that are checked in another way. */
const elsewhere = ['EVALSHA', 'SCRIPT', 'INFO', 'MULTI', 'EXEC', 'ON', 'DISCONNECT', 'PIPELINE'];

const used: [use: RedisUse, source: string, pattern: RegExp][] = [
  ['room', sources(...lua), /redis\.call\('(\w+)'/g],
  ['room', sources('backplane/redis/link.ts'), /(?:asking|reading)\.(\w+)\(/g],
  ['store', sources('history/redis.ts', 'revocations/redis.ts'), /\bredis\.(\w+)\(/g],
  ['store', sources('history/redis.ts', 'revocations/redis.ts'), /\['([a-z]+)', \w+/g],
  [
    'limits',
    readFileSync(
      join(import.meta.dirname, '../../../node_modules/rate-limiter-flexible/lib/RateLimiterRedis.js'),
      'utf8',
    ),
    /redis\.call\('(\w+)'/g,
  ],
];

it.each(used)('tries every command used for: %s', (use, source, pattern) => {
  const tried: readonly string[] = trials[use].map(([name]) => name);
  const commands = [...source.matchAll(pattern)].map(([, name]) => name!.toUpperCase());
  expect(commands.length).toBeGreaterThan(0);
  expect([...new Set(commands)].filter((name) => !tried.includes(name) && !elsewhere.includes(name))).toEqual([]);
});
