/** Two nodes that reach Redis over TLS, with a certificate of an authority that only they trust. */
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { type Certificates, makeCertificates } from '../harness/certificates.ts';
import { connect } from '../harness/chat.ts';
import { anyMongo, type Mongo, noMongo } from '../harness/mongo.ts';
import { launchServer, type ServerProcess } from '../harness/process.ts';
import { noTlsRedis, type Redis, startRedis, startSentinel } from '../harness/redis.ts';
import { startTestServer, type TestServer } from '../harness/server.ts';
import { mint, testIssuer, testSecret } from '../harness/tokens.ts';

describe.skipIf(noTlsRedis ?? noMongo)('Redis by TLS', () => {
  let certificates: Certificates;
  let mongo: Pick<Mongo, 'uri' | 'remove'>;
  let redis: Redis;

  beforeAll(async () => {
    certificates = makeCertificates();
    [mongo, redis] = await Promise.all([anyMongo(), startRedis(certificates)]);
  });
  afterAll(async () => {
    await Promise.all([mongo.remove(), redis.remove()]);
    certificates.remove();
  });

  function node(env: Readonly<Record<string, string>>): ServerProcess {
    const launched = launchServer({ JWT_SECRET: testSecret, JWT_ISSUER: testIssuer, ...env });
    onTestFinished(launched.kill);
    return launched;
  }

  /** Two nodes at this Redis, and one message from each. */
  async function chatOver(url: string): Promise<void> {
    const env = { REDIS_URL: url, MONGODB_URI: mongo.uri(), NODE_EXTRA_CA_CERTS: certificates.ca };
    const [ann, bob] = await Promise.all(
      ['Ann', 'Bob'].map(async (name) => {
        const address = (await node(env).address()) as TestServer;
        return connect(address, { token: await mint({ id: name, username: name }) });
      }),
    );
    ann!.say('from Ann');
    expect((await bob!.next('chat_message')).msg.text).toBe('from Ann');
    bob!.say('from Bob');
    await ann!.next('chat_message');
    expect((await ann!.next('chat_message')).msg.text).toBe('from Bob');
    await Promise.all([ann!.close(), bob!.close()]);
  }

  it('connects two nodes of one room', () => chatOver(`rediss://127.0.0.1:${redis.tlsPort}/1`));

  it('connects them through a sentinel, over TLS as well', async () => {
    const sentinel = await startSentinel(redis.tlsPort!, certificates);
    onTestFinished(() => sentinel.remove());
    await chatOver(`rediss+sentinel://127.0.0.1:${sentinel.tlsPort}/palaver/2`);
  });

  const refusals: [name: string, scheme: string, says: string][] = [
    ['an authority that the node does not trust', 'rediss', 'self-signed certificate in certificate chain'],
    ['a URL without TLS', 'redis', ''],
  ];
  it.each(refusals)('is refused with %s, with an error that hides the password', async (_, scheme, says) => {
    const env = { REDIS_URL: `${scheme}://:canary@127.0.0.1:${redis.tlsPort}`, MONGODB_URI: mongo.uri() };
    const refused = await startTestServer({ env }).catch((error: Error) => error.message);
    expect(refused).toContain(`Redis at 127.0.0.1:${redis.tlsPort} cannot be used (${says}`);
    expect(refused).not.toContain('canary');
  });
});
