import { isIP } from 'node:net';
import { redisUrlFault } from '../broker/redis-url.ts';
import { mongoUriFault } from '../database/mongo-uri.ts';
import { readOrigin } from '../http/origin.ts';

/** Turns the text of a setting into its value. */
export interface Reader<Value> {
  /** Values that are allowed, in words: "a whole number from 1 to 10". */
  readonly allowed: string;
  /** Returns the value. @throws with the reason, never with the text, which may be a secret */
  read(text: string): Value;
}

/** Creates a reader from a function that returns undefined for an invalid text. */
const reader = <Value>(allowed: string, read: (text: string) => Value | undefined): Reader<Value> => ({
  allowed,
  read: (text) => {
    const value = read(text);
    if (value === undefined) throw new Error(`it must be ${allowed}`);
    return value;
  },
});

/** Creates a reader from a function that returns the fault of an invalid text. */
const faultless = (allowed: string, faultOf: (text: string) => string | undefined): Reader<string> =>
  reader(allowed, (text) => {
    const fault = faultOf(text);
    if (fault !== undefined) throw new Error(fault);
    return text;
  });

const withNote = (allowed: string, note: string | undefined): string => (note ? `${allowed}, ${note}` : allowed);

/** Reads any text. */
export const anyText = (allowed = 'any text'): Reader<string> => reader(allowed, (text) => text);

/** Reads a whole number within bounds. */
export const wholeNumber = (min: number, max: number, note?: string): Reader<number> =>
  reader(withNote(`a whole number from ${min} to ${max}`, note), (text) => {
    const number = /^\d+$/.test(text) ? Number(text) : Number.NaN;
    return number >= min && number <= max ? number : undefined;
  });

const secondsIn: Readonly<Record<string, number>> = { s: 1, m: 60, h: 3_600, d: 86_400 };

/** Returns the seconds of a duration such as `90s`, `15m`, `12h` or `30d`; NaN for another text. */
const secondsOf = (text: string): number =>
  /^\d+[smhd]$/.test(text) ? Number(text.slice(0, -1)) * secondsIn[text.at(-1)!]! : Number.NaN;

/** Reads a duration as seconds. Its bounds are durations, too. */
export function duration(min: string, max: string, note?: string): Reader<number> {
  const allowed = withNote(`a duration from ${min} to ${max}`, note);
  return reader(allowed, (text) => {
    const seconds = secondsOf(text);
    if (/^\d+$/.test(text)) throw new Error(`the unit (s, m, h or d) is missing: it must be ${allowed}`);
    return seconds >= secondsOf(min) && seconds <= secondsOf(max) ? seconds : undefined;
  });
}

/** Reads one of these words. */
export const oneOf = <Word extends string>(...words: readonly Word[]): Reader<Word> =>
  reader(`one of ${words.join(', ')}`, (text) => words.find((word) => word === text));

/** Reads `on` as true and `off` as false. */
export const onOrOff: Reader<boolean> = reader('on or off', (text) =>
  text === 'on' ? true : text === 'off' ? false : undefined,
);

/** Reads a list of these words. */
export const listOf = (...words: readonly string[]): Reader<readonly string[]> =>
  reader(`a list of ${words.join(', ')}, separated by commas`, (text) => {
    const named = text.split(',').map((word) => word.trim());
    return named.every((word) => words.includes(word)) ? named : undefined;
  });

/** Reads a secret of at least `minBytes` bytes. */
export const secret = (minBytes: number): Reader<string> =>
  reader(`at least ${minBytes} bytes`, (text) => (Buffer.byteLength(text) >= minBytes ? text : undefined));

/** Reads a token that fits into an `Authorization` header (RFC 6750, 2.1). */
export const bearerToken = (minLength: number): Reader<string> =>
  reader(`at least ${minLength} of the characters A-Z a-z 0-9 - . _ ~ + /`, (text) =>
    new RegExp(`^[\\w.~+/-]{${minLength},}=*$`).test(text) ? text : undefined,
  );

/** Reads an address to listen on: a host name or an IP address. IPv6 may be in brackets, as in URLs; they are removed. */
export const listenAddress: Reader<string> = reader(
  'an address to listen on, such as 127.0.0.1, 0.0.0.0 or ::1',
  (text) => {
    const host = /^\[(.*)\]$/.exec(text)?.[1] ?? text;
    if (isIP(host) > 0 || /^[\w.-]{1,253}$/.test(host)) return host;
    if (/:\/\/|\//.test(host)) throw new Error('it must be an address such as 0.0.0.0, not a URL');
    if (/^[\w.-]+:\d+$/.test(host))
      throw new Error('it must be an address without a port: set the port in its own variable');
    return undefined;
  },
);

/** Reads the URL of a key set. A password in it is refused: `fetch` takes none, and the log would show it. */
export const keySetUrl: Reader<string> = reader('an http or https URL', (text) => {
  if (!/^https?:\/\//i.test(text) || !URL.canParse(text)) return undefined;
  const { username, password } = new URL(text);
  if (username !== '' || password !== '') throw new Error('it must not have a user name or password');
  return text;
});

/** Reads a list of origins, each as browsers write it. */
export const originList: Reader<readonly string[]> = reader(
  'a list of origins such as https://app.example.com, separated by commas, or * for all',
  (text) =>
    text
      .split(',')
      .map((origin) => origin.trim())
      .filter(Boolean)
      .map((origin) => (origin === '*' ? origin : readOrigin(origin))),
);

/** Reads the URI of a MongoDB. */
export const mongoUri = faultless('a URI that begins with mongodb:// or mongodb+srv://', mongoUriFault);

/** Reads the URL of a Redis, or of its sentinels. */
export const redisUrl = faultless(
  'a URL that begins with redis://, rediss://, redis+sentinel:// or rediss+sentinel://',
  redisUrlFault,
);

/** Reads whether a text is this word. */
export const isWord = (word: string): Reader<boolean> => reader('any text', (text) => text === word);
