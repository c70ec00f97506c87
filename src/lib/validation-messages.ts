import { z } from 'zod';

type Issue = Parameters<NonNullable<NonNullable<Parameters<typeof z.config>[0]>['customError']>>[0];

/** Name of each kind of value. */
const kinds: Readonly<Record<string, string>> = {
  string: 'a string',
  number: 'a number',
  int: 'a whole number',
  boolean: 'true or false',
  array: 'a list',
  object: 'an object',
  record: 'an object',
};

/** Unit of length of each kind of value. */
const counted: Readonly<Record<string, string>> = { string: 'characters', array: 'entries' };

const bound = (origin: string, words: string, limit: number | bigint): string =>
  counted[origin] ? `must have ${words} ${limit} ${counted[origin]}` : `must be ${words} ${limit}`;

/** Returns the fault of a value, to follow the name of its field: `must have at least 8 characters`. */
function inEnglish(issue: Issue): string | undefined {
  switch (issue.code) {
    case 'invalid_type':
      return issue.input === undefined
        ? 'is missing'
        : `must be ${kinds[issue.expected] ?? `of type ${issue.expected}`}`;
    case 'too_small':
      if (issue.minimum === 1 && counted[issue.origin]) return 'must not be empty';
      return bound(issue.origin, issue.inclusive === false ? 'more than' : 'at least', issue.minimum);
    case 'too_big':
      return bound(issue.origin, issue.inclusive === false ? 'less than' : 'at most', issue.maximum);
    case 'invalid_value':
      return issue.input === undefined ? 'is missing' : `must be ${issue.values.map(String).join(' or ')}`;
    case 'invalid_format':
      return 'does not have the right form';
    case 'unrecognized_keys':
      return `must not have ${issue.keys.join(', ')}`;
    case 'invalid_union':
      return 'is none of the kinds that are allowed';
    default:
      return undefined;
  }
}

/** Makes every validator use these messages. A schema with its own message keeps it. */
export const speakEnglish = (): void => {
  z.config({ customError: inEnglish });
};
