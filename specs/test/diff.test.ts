import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';
import { breakingAsyncapi } from '../diff/asyncapi.ts';
import { breakingOpenapi } from '../diff/openapi.ts';
import { isBreakingRelease } from '../diff/version.ts';

const root = join(import.meta.dirname, '../..');
// biome-ignore lint/suspicious/noExplicitAny: a document is edited here in every way one can think of
type Any = any;
const read = (file: string): Any => JSON.parse(readFileSync(join(root, 'generated', file), 'utf8'));
const [openapi, asyncapi] = [read('http/openapi.json'), read('chat/asyncapi.json')];

/** Returns the paths that break when a document is edited. */
function edited(
  before: Any,
  breaking: (before: Any, after: Any) => readonly { path: string }[],
  edit: (document: Any) => void,
) {
  const after = structuredClone(before);
  edit(after);
  expect(after).not.toEqual(before);
  return breaking(before, after).map(({ path }) => path);
}

const request = (document: Any): Any => document.components.schemas.CreateUserRequest;
const user = (document: Any): Any => document.components.schemas.User;
const operation = (document: Any): Any => document.paths['/createUser'].post;

describe('OpenAPI', () => {
  it.each<[name: string, edit: (document: Any) => void]>([
    ['another description', (d) => Object.assign(d.components.schemas.Email, { description: 'x' })],
    ['another example', (d) => Object.assign(operation(d).requestBody.content['application/json'], { example: {} })],
    ['a new operation', (d) => Object.assign(d.paths, { '/new': { get: operation(d) } })],
    ['a new method', (d) => Object.assign(d.paths['/createUser'], { put: operation(d) })],
    ['an optional member of a body', (d) => Object.assign(request(d).properties, { description: { type: 'string' } })],
    ['a member of a body that need not be there any more', (d) => void request(d).required.pop()],
    ['a member of an answer', (d) => Object.assign(user(d).properties, { title: { type: 'string' } })],
    [
      'a member of an answer that is always there now',
      (d) => void d.components.schemas.Problem.required.push('detail'),
    ],
    ['a new error status', (d) => Object.assign(operation(d).responses, { '403': operation(d).responses['409'] })],
    ['an error status less', (d) => void delete operation(d).responses['409']],
    ['a new problem code', (d) => void d.components.schemas.ProblemCode.enum.push('new')],
    [
      'a new header of an answer',
      (d) => Object.assign(operation(d).responses['201'], { headers: { A: { schema: {} } } }),
    ],
  ])('%s breaks nothing', (_, edit) => {
    expect(edited(openapi, breakingOpenapi, edit)).toEqual([]);
  });

  it.each<[name: string, edit: (document: Any) => void, path: RegExp]>([
    ['an operation less', (d) => void delete d.paths['/login'], /^\/paths\/~1login$/],
    ['a success less', (d) => void delete operation(d).responses['201'], /responses\/201$/],
    ['another success', (d) => Object.assign(operation(d).responses, { '204': {} }), /responses\/204$/],
    ['a new member that must be sent', (d) => void request(d).required.push('x'), /requestBody.*required/],
    ['a member less that may be sent', (d) => void delete request(d).properties.email, /requestBody.*email$/],
    [
      'a shorter text',
      (d) => Object.assign(d.components.schemas.Password, { maxLength: 9 }),
      /requestBody.*maxLength$/,
    ],
    [
      'another pattern',
      (d) => Object.assign(d.components.schemas.Password, { pattern: '^a$' }),
      /requestBody.*pattern$/,
    ],
    ['a member of an answer less', (d) => void delete user(d).properties.email, /responses\/201.*email$/],
    ['a member of an answer that may be missing', (d) => void user(d).required.pop(), /responses\/201.*required/],
    ['another type', (d) => Object.assign(d.components.schemas.UserId, { type: 'integer' }), /responses\/201.*type$/],
    [
      'a header of an answer less',
      (d) => void delete d.components.responses.NotModified.headers.ETag,
      /304\/headers\/ETag$/,
    ],
    ['another media type', (d) => Object.assign(operation(d).responses['201'], { content: {} }), /201\/content/],
    ['a token that is asked for', (d) => void operation(d).security.push({ bearer: [] }), /security/],
    ['an unknown keyword', (d) => Object.assign(user(d), { minProperties: 3 }), /minProperties$/],
  ])('%s breaks', (_, edit, path) => {
    const found = edited(openapi, breakingOpenapi, edit);
    expect(found.some((each) => path.test(each))).toBe(true);
  });
});

describe('AsyncAPI', () => {
  it.each<[name: string, edit: (document: Any) => void]>([
    ['another description', (d) => Object.assign(d.components.schemas.Text, { description: 'x' })],
    ['another example', (d) => Object.assign(d.components.messages.error, { examples: [] })],
    ['another order of the frames of an operation', (d) => void d.operations.tell.messages.reverse()],
  ])('%s breaks nothing', (_, edit) => {
    expect(edited(asyncapi, breakingAsyncapi, edit)).toEqual([]);
  });

  it.each<[name: string, edit: (document: Any) => void, path: RegExp]>([
    ['a frame less', (d) => void delete d.channels.room.messages.user_left, /messages\/user_left$/],
    ['a frame of an operation less', (d) => void d.operations.say.messages.pop(), /say\/messages/],
    ['a shorter text', (d) => Object.assign(d.components.schemas.Text, { maxLength: 9 }), /text\/maxLength$/],
    [
      'a close code',
      (d) => Object.assign(d.channels.room['x-close-codes'], { '4999': { name: 'x' } }),
      /x-close-codes\/4999$/,
    ],
    [
      'smaller frames of a client',
      (d) => Object.assign(d.channels.room['x-max-frame-bytes'], { client: 1 }),
      /x-max-frame-bytes\/client$/,
    ],
    ['another address', (d) => Object.assign(d.channels.room, { address: '/elsewhere' }), /address$/],
    ['the sender', (d) => Object.assign(d.operations.say, { action: 'send' }), /action$/],
  ])('%s breaks, also where the tool cannot classify it', (_, edit, path) => {
    const found = edited(asyncapi, breakingAsyncapi, edit);
    expect(found.some((each) => path.test(each))).toBe(true);
  });
});

it.each([
  ['0.1.0', '0.1.1', false],
  ['0.1.0', '0.2.0', true],
  ['0.9.0', '1.0.0', true],
  ['1.1.0', '1.2.0', false],
  ['1.1.0', '2.0.0', true],
  ['1.1.0', '1.1.0', false],
  ['2.0.0', '1.0.0', false],
])('from %s to %s clients have to expect anything: %s', (before, after, want) => {
  expect(isBreakingRelease(before, after)).toBe(want);
});

describe('the command', () => {
  const run = (...args: string[]) =>
    promisify(execFile)(process.execPath, ['specs/contract-diff.ts', ...args], { cwd: root }).then(
      ({ stdout }) => ({ code: 0, stdout }),
      ({ code, stdout }) => ({ code, stdout }),
    );
  it.each<[name: string, args: string[]]>([
    ['without a revision', []],
    ['with an unknown revision', ['no-such-revision']],
  ])('exits 2 %s', async (_, args) => {
    expect((await run(...args)).code).toBe(2);
  });
  it('exits 0 when nothing has changed', async () => {
    const { code, stdout } = await run('HEAD');
    expect(stdout).toMatch(/openapi\.json.*\n.*asyncapi\.json/);
    expect(code).toBe(0);
  });
});
