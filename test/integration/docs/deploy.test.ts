import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import manifest from '../../../package.json' with { type: 'json' };
import { settings } from '../../../src/config/settings.ts';
import { readConfig } from '../../../src/config.ts';

const root = join(import.meta.dirname, '../../..');
const read = (path: string): string => readFileSync(join(root, path), 'utf8');
const variables = Object.keys(settings);

interface Service {
  readonly image: string;
  readonly environment?: Readonly<Record<string, string>>;
}

const compose: { readonly services: Readonly<Record<string, Service>> } = parse(read('deploy/compose.yaml'), {
  merge: true,
});
const nodes = Object.entries(compose.services).filter(([, { image }]) => image === 'palaver');
const given: Readonly<Record<string, string>> = { JWT_SECRET: 'a secret for tests, of 32 bytes and more' };
/** Fills in `${NAME:?…}` and `${NAME:-default}`, as compose does. */
const filled = (text: string): string =>
  text.replace(/\$\{(\w+):([?-])([^}]*)\}/g, (_, name: string, kind: string, rest: string) => {
    const value = given[name] ?? (kind === '-' ? rest : undefined);
    if (value === undefined) throw new Error(`${name} ${rest}`);
    return value;
  });

describe('the deployment', () => {
  it('has three nodes', () => expect(nodes.map(([name]) => name)).toEqual(['node-1', 'node-2', 'node-3']));

  it.each(nodes)('%s names only variables that the server reads, and starts with them', (_, { environment = {} }) => {
    expect(Object.keys(environment).filter((name) => !variables.includes(name))).toEqual([]);
    const env = Object.fromEntries(Object.entries(environment).map(([name, text]) => [name, filled(text)]));
    expect(readConfig(env)).toMatchObject({ host: '0.0.0.0', trustedProxies: 1, redisUrl: 'redis://valkey:6379' });
  });

  it.each(nodes)('%s connects to services of the same file', (_, { environment = {} }) => {
    const hosts = [environment.REDIS_URL!, environment.MONGODB_URI!].map((url) => new URL(url).hostname);
    expect(hosts.filter((host) => !(host in compose.services))).toEqual([]);
  });

  it('Caddy forwards to each node, at the default port', () => {
    const passed = [...read('deploy/Caddyfile').matchAll(/(node-\d):(\d+)/g)].map(([, name, port]) => [name, port]);
    const port = String(readConfig({}).port);
    expect(passed).toEqual(nodes.map(([name]) => [name, port]));
  });

  describe('the image', () => {
    const lines = read('deploy/Dockerfile').split('\n');
    const copied = (pattern: RegExp): string[] =>
      lines.flatMap((line) => pattern.exec(line)?.[1]?.split(' ') ?? []).filter((path) => path !== '.');

    it('copies only files that exist', () => {
      const sources = copied(/^COPY (?!--from)(.+) \S+$/);
      expect(sources.length).toBeGreaterThan(3);
      expect(sources.filter((path) => !existsSync(join(root, path)))).toEqual([]);
    });

    it('holds the files of the packages', () => {
      const files = (folder: string): string[] =>
        JSON.parse(read(join(folder, 'package.json'))).files.map((path: string) => join(folder, path));
      expect(copied(/^COPY --from=build \/palaver\/(\S+) \1$/)).toEqual(
        ['.', 'sdk/typescript', 'contract'].flatMap(files),
      );
    });

    it('runs the server, and checks that it is ready', () => {
      expect(lines).toContain(`CMD ["node", "${manifest.bin.palaver}"]`);
      expect(read('deploy/Dockerfile')).toMatch(/^HEALTHCHECK .*\\\n.*\/readyz/m);
    });
  });
});
