import { readFileSync } from 'node:fs';
import { parseEnv } from 'node:util';

export type Env = Readonly<Record<string, string | undefined>>;

/** Byte order mark of each encoding. */
const marks: readonly (readonly [encoding: string, mark: Buffer])[] = [
  ['utf-8', Buffer.from([0xef, 0xbb, 0xbf])],
  ['utf-16le', Buffer.from([0xff, 0xfe])],
  ['utf-16be', Buffer.from([0xfe, 0xff])],
];

/**
 * Reads the variables of an environment file in UTF-8, or in UTF-16 with a byte order mark. A missing file has none.
 * @throws with the file's name and the reason, never with its content
 */
export function readEnvFile(file: string): Env {
  let bytes: Buffer;
  try {
    bytes = readFileSync(file);
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException;
    if (code === 'ENOENT') return {};
    const reason = code === 'EISDIR' ? 'it is a folder' : code;
    throw new Error(`${file} cannot be read (${reason})`, { cause });
  }
  const text = decode(file, bytes);
  if (text.includes('\0')) throw new Error(`${file} has NUL characters: save it as UTF-8 text`);
  const lines = text.replace(/\r\n?/g, '\n');
  const line = unreadableLine(lines);
  if (line !== undefined) throw new Error(`${file}: line ${line} must be NAME=value, empty, or a comment (#)`);
  return parseEnv(lines);
}

/** Matches a value in quotes, which may have several lines. */
const quotedValue = /=[ \t]*(?:"[^"]*"|'[^']*'|`[^`]*`)/g;
const emptyOrComment = /^\s*(?:#|$)/;
const assignment = /^\s*(?:export\s+)?[^\s=]+\s*=/;

/** Returns the number of the first line that `parseEnv` would skip silently. */
function unreadableLine(text: string): number | undefined {
  const flat = text.replace(quotedValue, (value) => `=${'\n'.repeat(value.split('\n').length - 1)}`);
  const index = flat.split('\n').findIndex((line) => !emptyOrComment.test(line) && !assignment.test(line));
  return index < 0 ? undefined : index + 1;
}

/** Returns the text of a file in the encoding of its byte order mark, without that mark. @throws with the file's name */
function decode(file: string, bytes: Buffer): string {
  const [encoding] = marks.find(([, mark]) => bytes.subarray(0, mark.length).equals(mark)) ?? ['utf-8'];
  try {
    return new TextDecoder(encoding, { fatal: true }).decode(bytes);
  } catch (cause) {
    throw new Error(`${file} is not valid ${encoding.toUpperCase()}: save it as UTF-8 text`, { cause });
  }
}
