import { isIP } from 'node:net';
import type { Context } from 'hono';
import type { AppEnv } from './env.ts';

/** The network that an address stands for: one IPv4 address, or the 64 bits that one subscriber has of IPv6 (RFC 6177). */
export function networkOf(address: string): string {
  const [, mapped] = /^::ffff:([\d.]+)$/i.exec(address) ?? [];
  if (mapped !== undefined) return mapped;
  if (isIP(address) !== 6) return address;
  const [head = [], tail = []] = address
    .split('%')[0]!
    .split('::')
    .map((part) => part.split(':').filter(Boolean));
  const groups = [...head, ...Array<string>(Math.max(0, 8 - head.length - tail.length)).fill('0'), ...tail];
  return groups
    .slice(0, 4)
    .map((group) => Number.parseInt(group, 16).toString(16))
    .join(':');
}

/**
 * Who asks, as a network: the peer, or where so many proxies are trusted, whom the outermost of them names. Each adds the
 * one that asked it to the end of `X-Forwarded-For`; what stands before that anybody can have written.
 */
export function networkOfClient(c: Context<AppEnv>, trustedProxies: number): string {
  const forwarded = (c.req.header('X-Forwarded-For') ?? '')
    .split(',')
    .map((address) => address.trim())
    .filter(Boolean);
  const named = trustedProxies > 0 ? (forwarded.at(-trustedProxies) ?? forwarded[0]) : undefined;
  const peer = c.env?.incoming?.socket.remoteAddress ?? '';
  return networkOf(named !== undefined && isIP(named) !== 0 ? named : peer);
}
