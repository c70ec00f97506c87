import { describe, expect, it } from 'vitest';
import { foldedKey, nameKey } from '../../../src/lib/case-fold.ts';

/** Every assigned character, and every invisible one. */
const characters = Array.from({ length: 0x110000 }, (_, code) => String.fromCodePoint(code)).filter((char) =>
  /[^\p{Cs}\p{Co}\p{Cn}]|\p{DI}/u.test(char),
);

const listed = (chars: readonly string[]): string =>
  chars
    .slice(0, 20)
    .map((char) => `U+${char.codePointAt(0)!.toString(16)}`)
    .join(' ');

const wrong = (fits: (char: string) => boolean): string => listed(characters.filter((char) => !fits(char)));

describe('the key of a name', () => {
  const cases: [name: string, key: string][] = [
    ['Igor', 'igor'],
    ['User Name', 'user name'],
    ['Straße', 'strasse'],
    ['STRASSE', 'strasse'],
    ['STRAẞE', 'strasse'],
    ['ΟΔΥΣΣΕΥΣ', 'οδυσσευσ'],
    ['Οδυσσευς', 'οδυσσευσ'],
    ['İgor', 'i̇gor'],
    ['ıgor', 'ıgor'],
    ['Ｉｇｏｒ', 'igor'],
    ['Griﬃn', 'griffin'],
    ['Zoe\u0301', 'zoé'],
    ['Igor\ufe0f', 'igor'],
    ['Ig\u034for', 'igor'],
    ['\u3164Igor', 'igor'],
    ['Ig\u17b4or', 'igor'],
    ['Igor \u3164', 'igor'],
    ['Ig\u00ador', 'igor'],
    ['User  Name', 'user name'],
    ['User\u00a0 \u2003\u1680Name', 'user name'],
    ['علی\u200cرضا', 'علیرضا'],
    ['\u{1f468}\u200d\u{1f469}', '\u{1f468}\u{1f469}'],
    ['\u3164', ''],
    ['\u034f \ufe0f', ''],
  ];
  it.each(cases)('of %j is %j', (name, key) => {
    expect(nameKey(name)).toBe(key);
  });

  it('is the same for the upper and the lower case of every character but the dotless i', () => {
    const same = (char: string) =>
      char === 'ı' || [char.toUpperCase(), char.toLowerCase()].every((other) => nameKey(other) === nameKey(char));
    expect(wrong(same)).toBe('');
  });

  it('is the same for every character and its compatible form', () => {
    expect(wrong((char) => nameKey(char.normalize('NFKC')) === nameKey(char))).toBe('');
  });

  it('removes invisible characters', () => {
    expect(wrong((char) => /\p{DI}/u.test(char) === (nameKey(`a${char}b`) === 'ab'))).toBe('');
  });

  it('is its own key, whichever character it holds', () => {
    const settled = (char: string) => nameKey(nameKey(`a${char}\u0301`)) === nameKey(`a${char}\u0301`);
    expect(wrong(settled)).toBe('');
  });
});

it('the key of an e-mail address is its own key, whichever character it holds', () => {
  expect(wrong((char) => foldedKey(foldedKey(`a${char}`)) === foldedKey(`a${char}`))).toBe('');
});
