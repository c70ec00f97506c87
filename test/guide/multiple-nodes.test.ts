import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseEnv } from 'node:util';
import { describe, expect, it, onTestFinished } from 'vitest';
import { WebSocket } from 'ws';
import { hasOpenssl, makeCertificates } from '../harness/certificates.ts';
import { adapted, codeBelow } from '../harness/documentation.ts';
import { anyMongo, noMongo } from '../harness/mongo.ts';
import { newcomerWithCheckout, pageMs } from '../harness/newcomer.ts';
import { freePort } from '../harness/port.ts';
import { root } from '../harness/process.ts';
import { caddy, haproxy, nginx, type ProxyKind, startProxy } from '../harness/proxies.ts';
import { noRedis, startRedis } from '../harness/redis.ts';
import { mint } from '../harness/tokens.ts';
import { until } from '../harness/until.ts';

const page = 'docs/guide/multiple-nodes.md';
const [tryIt] = codeBelow(page, 'Try it on one machine', 'sh');
const [, second] = /^Run `(.+?)` in a second terminal/m.exec(readFileSync(join(root, page), 'utf8'))!;

/** nginx as on this page: the upstream beside the server of the self-hosting page, and the lines for its location. */
function nginxConfig(): string {
  const [server] = codeBelow('docs/guide/self-hosting.md', 'nginx', 'nginx');
  const [upstream, location] = codeBelow(page, 'Load balancer', 'nginx');
  return `${upstream}\n${adapted(server, [['    proxy_pass http://127.0.0.1:3000;', location!]])}`;
}

/** HAProxy, likewise. */
function haproxyConfig(): string {
  const [whole] = codeBelow('docs/guide/self-hosting.md', 'HAProxy', 'haproxy');
  const [servers] = codeBelow(page, 'Load balancer', 'haproxy');
  return adapted(whole, [['  server palaver 127.0.0.1:3000 check', servers]]);
}

/** Returns a proxy of this kind in front of two nodes in place of the page's three. */
const inFrontOf = (kind: ProxyKind, [first, other]: readonly [number, number]): ProxyKind => ({
  ...kind,
  replaced: (places) => [
    ...kind.replaced(places).filter(([there]) => there !== '127.0.0.1:3000'),
    ['10.0.0.1:3000', `127.0.0.1:${first}`],
    ['10.0.0.2:3000', `127.0.0.1:${other}`],
    // Nothing listens there, as if that node were down.
    ['10.0.0.3:3000', '127.0.0.1:9'],
  ],
});

const missing = noRedis ?? noMongo ?? (hasOpenssl ? undefined : 'openssl is not installed');

describe.skipIf(missing)(`docs/guide/multiple-nodes.md${missing ? `: ${missing}` : ''}`, { timeout: pageMs }, () => {
  it('makes two servers one room, behind nginx, Caddy and HAProxy', async () => {
    const [redis, mongo] = await Promise.all([startRedis(), anyMongo()]);
    onTestFinished(async () => void (await Promise.all([redis.remove(), mongo.remove()])));
    const newcomer = newcomerWithCheckout();
    const ports = [await freePort(), await freePort()] as const;
    const first = newcomer.serve(
      adapted(tryIt, [
        ['redis://127.0.0.1:6379', redis.uri()],
        ['mongodb://127.0.0.1/palaver', mongo.uri()],
        ['3001', `${ports[0]}`],
      ]),
    );
    expect((await first.address()).port).toBe(ports[0]);
    const other = newcomer.serve(adapted(second!, [['3002', `${ports[1]}`]]));
    expect((await other.address()).port).toBe(ports[1]);

    const secret = parseEnv(readFileSync(join(newcomer.folder, '.env'), 'utf8')).JWT_SECRET!;
    const texts: Record<string, string[]> = {};
    const joined = async (name: string, url: string, ca?: Buffer): Promise<WebSocket> => {
      const token = await mint({ id: name, username: name }, { secret });
      const socket = new WebSocket(`${url}/join`, { ca, family: 4, headers: { Authorization: `Bearer ${token}` } });
      onTestFinished(() => socket.terminate());
      const heard: string[] = [];
      texts[name] = heard;
      socket.on('message', (data: Buffer) => {
        const { type, msg } = JSON.parse(data.toString());
        if (type === 'chat_message') heard.push(msg.text);
      });
      await until(() => socket.readyState === WebSocket.OPEN, `${name} to join`);
      return socket;
    };
    const say = (socket: WebSocket, text: string): void =>
      socket.send(JSON.stringify({ type: 'chat_message', msg: { text } }));
    /** Nodes may publish messages of two users in another order than the test sent them. */
    const hears = (name: string, all: readonly string[]): Promise<void> =>
      until(
        () => texts[name]!.toSorted().join() === all.toSorted().join(),
        () => `${name} to hear ${all.join()}, not ${texts[name]!.join()}`,
      );
    const ann = await joined('Ann', `ws://127.0.0.1:${ports[0]}`);
    const bob = await joined('Bob', `ws://127.0.0.1:${ports[1]}`);
    say(ann, 'from Ann');
    await hears('Bob', ['from Ann']);
    say(bob, 'from Bob');
    await hears('Ann', ['from Ann', 'from Bob']);

    const certificates = makeCertificates();
    onTestFinished(certificates.remove);
    const balanced = [
      [nginx, nginxConfig()],
      [caddy, codeBelow(page, 'Load balancer', 'caddyfile')[0]],
      [haproxy, haproxyConfig()],
    ] as const;
    const ca = readFileSync(certificates.ca);
    const proxies = await Promise.all(
      balanced
        .filter(([kind]) => kind.isHere)
        .map(async ([kind, config]) => {
          const places = { config, upstream: ports[0], certificates, timeout: '90s' };
          const { port, stop } = await startProxy(inFrontOf(kind, ports), places);
          onTestFinished(stop);
          return { name: kind.name, url: `wss://localhost:${port}` };
        }),
    );
    for (const { name, url } of proxies) say(await joined(name, url, ca), name);
    await hears('Ann', ['from Ann', 'from Bob', ...proxies.map(({ name }) => name)]);

    // A node that stops is left out.
    await first.stop('SIGTERM');
    expect(first.output()).toContain('Palaver has stopped');
    for (const { name, url } of proxies) say(await joined(`later by ${name}`, url, ca), 'later');
    await hears('Bob', ['from Ann', 'from Bob', ...proxies.flatMap(({ name }) => [name, 'later'])]);
  });

  it.skipIf(noRedis)('names the permissions that a user of Redis needs', async () => {
    const redis = await startRedis();
    onTestFinished(redis.remove);
    const [command] = codeBelow(page, 'Settings', '');
    const { run, serve } = newcomerWithCheckout();
    // At the shell, `>` and the like would mean something else.
    const quoted = adapted(command, [['PASSWORD', 'secret']])
      .split(' ')
      .map((word) => `'${word}'`);
    expect(await run(`redis-cli -e -p ${redis.port} ${quoted.join(' ')}`)).toMatchObject({ code: 0, out: 'OK\n' });
    const url = redis.uri().replace('redis://', 'redis://palaver:secret@');
    const issuer = 'JWKS_URL=http://127.0.0.1:9/ JWT_ISSUER=x JWT_AUDIENCE=y';
    const server = serve(`PORT=0 REDIS_URL=${url} ${issuer} npm start`);
    await server.address();
    expect(server.output()).not.toContain('redis_unusable');
  });
});
