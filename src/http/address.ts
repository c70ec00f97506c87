import { isIP } from 'node:net';
import type { Context } from 'hono';
import {
  convertIPv4BinaryToString,
  convertIPv4MappedIPv6ToIPv4,
  convertIPv6ToBinary,
  isIPv4MappedIPv6,
} from 'hono/utils/ipaddr';
import type { AppEnv } from './env.ts';

/**
 * Returns the address in a text of a proxy, or undefined. It may have a port, brackets or a zone, or be an IPv4-mapped
 * IPv6 address (RFC 4291, 2.5.5.2).
 */
export function addressIn(text: string): string | undefined {
  // Nearly always.
  if (isIP(text) === 4) return text;
  const [, inBrackets, withPort] = /^(?:\[([^\]]*)\](?::\d{1,5})?|([\d.]+):\d{1,5})$/.exec(text) ?? [];
  // Hono's parser refuses a zone, except for a link-local address.
  const [address = ''] = (inBrackets ?? withPort ?? text).split('%');
  // Hono's `distinctRemoteAddr` takes any text with a colon for IPv6.
  const version = isIP(address);
  if (version === 0 || (inBrackets !== undefined && version === 4)) return undefined;
  if (version === 4) return address;
  const bits = convertIPv6ToBinary(address);
  return isIPv4MappedIPv6(bits) ? convertIPv4BinaryToString(convertIPv4MappedIPv6ToIPv4(bits)) : address;
}

/** Returns the network of an address: one IPv4 address, or the 64 bits of IPv6 that one subscriber has (RFC 6177). */
export function networkOf(text: string): string {
  const address = addressIn(text) ?? text;
  if (isIP(address) !== 6) return address;
  const bits = convertIPv6ToBinary(address);
  return [112n, 96n, 80n, 64n].map((shift) => ((bits >> shift) & 0xffffn).toString(16)).join(':');
}

/** Client that a request comes from. */
export interface Client {
  readonly address: string;
  /** Entry of `X-Forwarded-For` that should have named it and is no address. */
  readonly unread?: string;
}

/**
 * Returns the client that a request comes from: the peer or, where proxies are trusted, the one that the outermost of them
 * names. Each proxy adds its own peer to the end of `X-Forwarded-For`. Entries before those can be forged.
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

/** Returns the network that a request comes from. */
export const networkOfClient = (c: Context<AppEnv>, trustedProxies: number): string =>
  networkOf(clientOf(c, trustedProxies).address);
