import { describe, expect, it } from 'vitest';
import {
  anyText,
  bearerToken,
  duration,
  isWord,
  keySetUrl,
  listenAddress,
  listOf,
  mongoUri,
  oneOf,
  onOrOff,
  originList,
  type Reader,
  redisUrl,
  secret,
  wholeNumber,
} from '../../../src/config/readers.ts';

const token = 'a'.repeat(31);

describe('a reader', () => {
  const right: [name: string, reader: Reader<unknown>, given: string, want: unknown][] = [
    ['anyText', anyText(), ' as it is ', ' as it is '],
    ['wholeNumber', wholeNumber(1, 10), '1', 1],
    ['wholeNumber', wholeNumber(1, 10), '010', 10],
    ['duration', duration('0s', '1h'), '0s', 0],
    ['duration', duration('0s', '1h'), '60m', 3_600],
    ['duration', duration('1s', '365d'), '2d', 172_800],
    ['oneOf', oneOf('info', 'warn'), 'warn', 'warn'],
    ['onOrOff', onOrOff, 'on', true],
    ['onOrOff', onOrOff, 'off', false],
    ['listOf', listOf('a', 'b', 'c'), 'c, a', ['c', 'a']],
    ['secret', secret(4), 'éé', 'éé'],
    ['bearerToken', bearerToken(32), `${token}a==`, `${token}a==`],
    ['listenAddress', listenAddress, '[fe80::1%eth0]', 'fe80::1%eth0'],
    ['keySetUrl', keySetUrl, 'HTTPS://issuer.example/jwks', 'HTTPS://issuer.example/jwks'],
    ['originList', originList, '', []],
    ['originList', originList, 'https://A.example:443,,*', ['https://a.example', '*']],
    ['mongoUri', mongoUri, 'mongodb+srv://u:p@host/x', 'mongodb+srv://u:p@host/x'],
    ['redisUrl', redisUrl, 'rediss://u:p@host/2', 'rediss://u:p@host/2'],
    ['isWord', isWord('production'), 'production', true],
    ['isWord', isWord('production'), 'Production', false],
  ];
  it.each(right)('%s accepts a valid text', (_, { read }, given, want) => {
    expect(read(given)).toEqual(want);
  });

  const wrong: [name: string, reader: Reader<unknown>, given: string, message: string][] = [
    ['wholeNumber', wholeNumber(1, 10), '11', 'it must be a whole number from 1 to 10'],
    ['wholeNumber', wholeNumber(1, 10, '1 for one'), '0', 'it must be a whole number from 1 to 10, 1 for one'],
    ['wholeNumber', wholeNumber(1, 10), '1e1', 'it must be a whole number from 1 to 10'],
    ['wholeNumber', wholeNumber(1, 10), ' 1', 'it must be a whole number from 1 to 10'],
    ['wholeNumber', wholeNumber(0, 10), '9'.repeat(400), 'it must be a whole number from 0 to 10'],
    ['duration', duration('2s', '1h'), '1s', 'it must be a duration from 2s to 1h'],
    ['duration', duration('2s', '1h'), '61m', 'it must be a duration from 2s to 1h'],
    ['duration', duration('2s', '1h', 'such as 5m'), '5w', 'it must be a duration from 2s to 1h, such as 5m'],
    ['duration', duration('2s', '1h'), '60', 'the unit (s, m, h or d) is missing: it must be a duration from 2s to 1h'],
    ['oneOf', oneOf('info', 'warn'), 'toString', 'it must be one of info, warn'],
    ['onOrOff', onOrOff, 'ON', 'it must be on or off'],
    ['listOf', listOf('a', 'b'), 'a,', 'it must be a list of a, b, separated by commas'],
    ['secret', secret(4), 'é', 'it must be at least 4 bytes'],
    ['bearerToken', bearerToken(32), `${token}=`, 'it must be at least 32 of the characters'],
    ['listenAddress', listenAddress, '[::1', 'it must be an address to listen on, such as 127.0.0.1'],
    ['listenAddress', listenAddress, 'http://0.0.0.0', 'not a URL'],
    ['listenAddress', listenAddress, 'localhost:80', 'without a port'],
    ['keySetUrl', keySetUrl, 'https:issuer', 'it must be an http or https URL'],
    ['keySetUrl', keySetUrl, 'https://igor@issuer.example', 'it must not have a user name or password'],
    ['originList', originList, 'https://a.example,b', 'an origin is a scheme and a host'],
    ['mongoUri', mongoUri, 'mongodb://u:p@x@host', '@ must be written as %40'],
    ['redisUrl', redisUrl, 'http://host', 'it must begin with redis://'],
  ];
  it.each(wrong)('%s says why another text is invalid', (_, { read }, given, message) => {
    expect(() => read(given)).toThrow(message);
  });
});
