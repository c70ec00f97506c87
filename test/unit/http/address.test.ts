import { isIP } from 'node:net';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { addressIn, networkOf } from '../../../src/http/address.ts';

describe('the network of', () => {
  it.each([
    ['192.0.2.7', '192.0.2.7'],
    ['::ffff:192.0.2.7', '192.0.2.7'],
    ['2001:db8:1:2:3:4:5:6', '2001:db8:1:2'],
    ['2001:0DB8:1:2::1', '2001:db8:1:2'],
    ['2001:db8::1', '2001:db8:0:0'],
    ['::1', '0:0:0:0'],
    ['fe80::1%eth0', 'fe80:0:0:0'],
    ['1::', '1:0:0:0'],
  ])('%s is %s', (address, network) => expect(networkOf(address)).toBe(network));
});

describe('the address in', () => {
  it.each([
    ['203.0.113.7', '203.0.113.7'],
    ['203.0.113.7:49152', '203.0.113.7'],
    ['2001:db8::1', '2001:db8::1'],
    ['[2001:db8::1]', '2001:db8::1'],
    ['[2001:db8::1]:49152', '2001:db8::1'],
    ['[fe80::1%eth0]:1', 'fe80::1'],
    ['fe80::1%25eth0', 'fe80::1'],
    ['::ffff:203.0.113.7', '203.0.113.7'],
    ['::FFFF:cb00:7107', '203.0.113.7'],
    ['0:0:0:0:0:ffff:cb00:7107', '203.0.113.7'],
    ['[::ffff:203.0.113.7]:80', '203.0.113.7'],
    ['64:ff9b::203.0.113.7', '64:ff9b::203.0.113.7'],
  ])('%s is %s', (text, address) => expect(addressIn(text)).toBe(address));

  it.each([
    '',
    'unknown',
    '_hidden',
    '203.0.113',
    '203.0.113.7:',
    '203.0.113.7:port',
    '203.0.113.7:123456',
    '[203.0.113.7]:80',
    '[2001:db8::1',
    '[2001:db8::1]x',
    '[2001:db8::1]:',
    '2001:db8::g',
    '"203.0.113.7"',
    'for=203.0.113.7',
    '%eth0',
  ])('"%s" is invalid', (text) => expect(addressIn(text)).toBeUndefined());
});

describe('any address', () => {
  it('is read in IPv6 notation or not, in brackets, with a port or with a zone', () => {
    fc.assert(
      fc.property(fc.ipV4(), (address) => {
        for (const text of [address, `${address}:1`, `::ffff:${address}`, `[::FFFF:${address}]:65535`])
          expect(addressIn(text)).toBe(address);
      }),
    );
    fc.assert(
      fc.property(fc.ipV6(), (address) => {
        const read = addressIn(address);
        expect(isIP(read ?? '')).toBeGreaterThan(0);
        for (const text of [`[${address}]`, `[${address}]:1`, `${address}%eth0`]) expect(addressIn(text)).toBe(read);
        expect(networkOf(address.toUpperCase())).toBe(networkOf(address));
      }),
    );
  });
});
