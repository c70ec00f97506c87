import { isIP } from 'node:net';
import type { Context } from 'hono';
import type { AppEnv } from './env.ts';

/** The eight groups of an IPv6 address, as numbers. */
function groupsOf(address: string): number[] {
  // Four bytes may stand at the end as those of IPv4 (RFC 4291, 2.2).
  const hexadecimal = address.replace(/(\d+)\.(\d+)\.(\d+)\.(\d+)$/, (_, ...bytes) => {
    const [a, b, c, d] = bytes.slice(0, 4).map(Number) as [number, number, number, number];
    return `${((a << 8) | b).toString(16)}:${((c << 8) | d).toString(16)}`;
  });
  const [head = [], tail = []] = hexadecimal.split('::').map((part) => part.split(':').filter(Boolean));
  const zeros = Array<string>(Math.max(0, 8 - head.length - tail.length)).fill('0');
  return [...head, ...zeros, ...tail].map((group) => Number.parseInt(group, 16));
}

/**
 * Reads an address as proxies write it: with a port, in brackets, with a zone, or an IPv4 address as one of IPv6. Returns
 * the address alone; undefined for what is none.
 */
export function addressIn(text: string): string | undefined {
  // As nearly always.
  if (isIP(text) === 4) return text;
  const [, inBrackets, withPort] = /^(?:\[([^\]]*)\](?::\d{1,5})?|([\d.]+):\d{1,5})$/.exec(text) ?? [];
  const [address = ''] = (inBrackets ?? withPort ?? text).split('%');
  const version = isIP(address);
  if (version === 0 || (inBrackets !== undefined && version === 4)) return undefined;
  if (version === 4) return address;
  const groups = groupsOf(address);
  const [high = 0, low = 0] = groups.slice(6);
  if (groups.slice(0, 5).some((group) => group !== 0) || groups[5] !== 0xffff) return address;
  return [high >> 8, high & 255, low >> 8, low & 255].join('.');
}

/** The network that an address stands for: one IPv4 address, or the 64 bits that one subscriber has of IPv6 (RFC 6177). */
export function networkOf(text: string): string {
  const address = addressIn(text) ?? text;
  if (isIP(address) !== 6) return address;
  return groupsOf(address)
    .slice(0, 4)
    .map((group) => group.toString(16))
    .join(':');
}

/** The address that a request comes from. */
export interface Client {
  readonly address: string;
  /** The entry of `X-Forwarded-For` that should have named it and is no address. */
  readonly unread?: string;
}

/**
 * Returns the address that a request comes from: the peer, or where so many proxies are trusted, whom the outermost of them
 * names. Each adds the one that asked it to the end of `X-Forwarded-For`; what stands before that anybody can have written.
 */
export function clientOf(c: Context<AppEnv>, trustedProxies: number): Client {
  const peer = c.env?.incoming?.socket.remoteAddress ?? '';
  if (trustedProxies === 0) return { address: addressIn(peer) ?? peer };
  const forwarded = (c.req.header('X-Forwarded-For') ?? '')
    .split(',')
    .map((entry) => entry.trim())
    .filter(Boolean);
  const entry = forwarded.at(-trustedProxies) ?? forwarded[0];
  const named = entry === undefined ? undefined : addressIn(entry);
  const address = named ?? addressIn(peer) ?? peer;
  return entry !== undefined && named === undefined ? { address, unread: entry } : { address };
}

/** The network that a request comes from. */
export const networkOfClient = (c: Context<AppEnv>, trustedProxies: number): string =>
  networkOf(clientOf(c, trustedProxies).address);
