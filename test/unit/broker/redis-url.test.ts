import { describe, expect, it } from 'vitest';
import { redisOptionsOf, redisUrlFault } from '../../../src/broker/redis-url.ts';

describe('the URL of a Redis', () => {
  const server = { host: 'a', port: 6_379, db: 0 };
  const understood: [url: string, options: object][] = [
    ['redis://a', server],
    ['redis://a/', server],
    ['redis://a:1/2', { ...server, port: 1, db: 2 }],
    ['redis://a/2/', { ...server, db: 2 }],
    ['redis://a?db=3', { ...server, db: 3 }],
    ['redis://a/3?db=3&family=6', { ...server, db: 3, family: 6 }],
    ['redis://[::1]:7', { ...server, host: '::1', port: 7 }],
    ['redis://u:p%2Fq%40r@a', { ...server, username: 'u', password: 'p/q@r' }],
    ['redis://u:p@q@a/1', { ...server, db: 1, username: 'u', password: 'p@q' }],
    ['rediss://:p@a', { ...server, password: 'p', tls: {} }],
    [
      'redis+sentinel://a:1,b,[::1]:2/main/4/',
      {
        sentinels: [
          { host: 'a', port: 1 },
          { host: 'b', port: 26_379 },
          { host: '::1', port: 2 },
        ],
        name: 'main',
        db: 4,
      },
    ],
    [
      'rediss+sentinel://u:p%2F@a/main',
      {
        sentinels: [{ host: 'a', port: 26_379 }],
        name: 'main',
        db: 0,
        username: 'u',
        password: 'p/',
        tls: {},
        sentinelTLS: {},
        enableTLSForSentinelMode: true,
      },
    ],
  ];
  it.each(understood)('reads %s', (url, options) => {
    expect(redisUrlFault(url)).toBeUndefined();
    expect(redisOptionsOf(url)).toEqual(options);
  });

  const database = /the number of a database/;
  const encoded = /@ as %40, \/ as %2F, # as %23/;
  const query = /its query may only have db/;
  const refused: [url: string, says: RegExp][] = [
    ['http://a', /must begin with redis:\/\//],
    ['redis://', /must begin with redis:\/\//],
    ['redis://a/canary', database],
    ['redis://a/1/canary', database],
    ['redis://a/-1', database],
    ['redis://a/1.5', database],
    ['redis://a/1#canary', database],
    ['redis://a/1?db=2', database],
    ['redis://a?db=canary', query],
    ['redis://a?db=1&db=2', query],
    ['redis://a?canary=1', query],
    ['redis://a,b', /one server/],
    ['redis://u:canary/x@a', encoded],
    ['redis://u:1/canary@a', encoded],
    ['redis://u:ca@nary/x@a:1', encoded],
    ['redis://u:1#canary@a', encoded],
    ['redis://u:1?canary@a', encoded],
    ['redis://u:canary#x@a', encoded],
    ['redis://u:canary%@a', encoded],
    ['redis://u:canary%zz@a', encoded],
    ['redis+sentinel://a', /redis\+sentinel:\/\/host:26379/],
    ['redis+sentinel://a/main/canary', /redis\+sentinel:\/\/host:26379/],
    ['redis+sentinel://a/main?db=1', /redis\+sentinel:\/\/host:26379/],
    ['redis+sentinel://u:can@ary@a/main', encoded],
    ['redis+sentinel://u:can/ary@a/main', encoded],
    ['redis+sentinel://u:canary%@a/main', encoded],
    ['redis+sentinel://a:b:c/main', /host, or host:port/],
  ];
  it.each(refused)('refuses %s and quotes nothing of it', (url, says) => {
    expect(redisUrlFault(url)).toMatch(says);
    expect(redisUrlFault(url)).not.toMatch(/canary|can|ary/);
  });
});
