import { execFile } from 'node:child_process';
import { cp, mkdtemp, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

const run = promisify(execFile);
const root = join(import.meta.dirname, '../..');
const specsOf = (folder: string) => join(folder, 'specs');
let folders: string[] = [];

/** A folder with an altered copy of the specs, where the generator can write beside the project's packages. */
async function altered(...changes: [file: string, from: string | RegExp, to: string][]): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'palaver-specs-'));
  folders.push(folder);
  for (const name of ['openapi.yaml', 'asyncapi.yaml', 'schemas']) {
    await cp(join(root, 'specs', name), join(folder, 'specs', name), { recursive: true });
  }
  await symlink(join(root, 'node_modules'), join(folder, 'node_modules'));
  await writeFile(join(folder, 'package.json'), '{"type":"module"}');
  for (const [file, from, to] of changes) {
    const path = join(folder, 'specs', file);
    const text = await readFile(path, 'utf8');
    const changed = text.replace(from, to);
    expect(changed, `${file} holds ${from}`).not.toBe(text);
    await writeFile(path, changed);
  }
  return folder;
}

const generate = (folder: string, ...more: string[]) =>
  run(process.execPath, [join(root, 'specs/generate.ts'), '--specs', specsOf(folder), '--out', folder, ...more]);

/** Returns every generated file by its path. */
async function filesIn(folder: string): Promise<Record<string, string>> {
  const files: Record<string, string> = {};
  for (const part of ['generated', 'sdk/typescript/src/generated']) {
    for (const entry of await readdir(join(folder, part), { recursive: true, withFileTypes: true })) {
      const path = join(entry.parentPath, entry.name);
      if (entry.isFile()) files[path.slice(folder.length + 1)] = await readFile(path, 'utf8');
    }
  }
  return files;
}

afterAll(async () => {
  for (const folder of folders) await rm(folder, { recursive: true });
  folders = [];
});

describe('the generator', { timeout: 60_000 }, () => {
  it('writes exactly the committed files', async () => {
    const folder = await altered();
    await generate(folder);
    expect(await filesIn(folder)).toEqual(await filesIn(root));
  });

  it('names each outdated file with --check, and writes nothing', async () => {
    const folder = await altered(['schemas/fields.yaml', 'maxLength: 4096', 'maxLength: 4097']);
    for (const part of ['generated', 'sdk/typescript/src/generated'])
      await cp(join(root, part), join(folder, part), { recursive: true });
    const { code, stderr } = await generate(folder, '--check').catch((error) => error);
    expect(code).toBe(1);
    expect(stderr).toMatch(/generated\/chat\/schemas\.ts is not what the specs say/);
    expect(stderr).not.toMatch(/generated\/http\/routes\.ts/);
    expect(await filesIn(folder)).toEqual(await filesIn(root));
  });

  it('carries a changed bound into types, validators and SDK', async () => {
    const folder = await altered(['schemas/fields.yaml', 'maxLength: 4096', 'maxLength: 5']);
    await generate(folder);
    const files = await filesIn(folder);
    expect(files['generated/chat/types.ts']).toContain('(1..5 code points) */\nexport type Text');
    expect(files['sdk/typescript/src/generated/frames.ts']).toContain('(1..5 code points) */\nexport type Text');
    const { clientMessageSchemas } = await import(join(folder, 'generated/chat/schemas.ts'));
    const accepts = (text: string) =>
      clientMessageSchemas.chat_message.safeParse({ type: 'chat_message', msg: { text } }).success;
    expect([accepts('12345'), accepts('123456')]).toEqual([true, false]);
  });

  it('stops at an unknown keyword, names the place, and changes no file', async () => {
    const folder = await altered(['schemas/fields.yaml', 'minLength: 8', 'minLength: 8\n  format: password']);
    await cp(join(root, 'generated'), join(folder, 'generated'), { recursive: true });
    const { code, stderr } = await generate(folder).catch((error) => error);
    expect(code).toBe(1);
    expect(stderr).toContain("/components/schemas/Password/format: the generator does not know 'format' here");
    expect(await readFile(join(folder, 'generated/http/schemas.ts'), 'utf8')).toContain('passwordSchema');
  });

  describe('given a new operation and a new frame', () => {
    let folder: string;
    beforeAll(async () => {
      folder = await altered(
        [
          'openapi.yaml',
          '  /healthz:\n',
          `  /rooms/{room}/pins:
    get:
      operationId: listPins
      summary: List the pins
      description: ''
      parameters:
        - { name: room, in: path, required: true, schema: { type: string }, example: a }
        - { name: limit, in: query, schema: { type: integer, minimum: 1 }, example: 1 }
      responses:
        '200': { description: The pins., content: { application/json: { schema: { $ref: '#/components/schemas/Pins' } } } }
        '204': { description: None. }
  /healthz:
`,
        ],
        [
          'openapi.yaml',
          '    Health:\n',
          "    Pins: { type: array, items: { $ref: '#/components/schemas/UserId' } }\n    Health:\n",
        ],
        ['asyncapi.yaml', '      error: {', "      pinned: { $ref: '#/components/messages/pinned' }\n      error: {"],
        [
          'asyncapi.yaml',
          "      - { $ref: '#/channels/room/messages/error' }",
          "      - { $ref: '#/channels/room/messages/error' }\n      - { $ref: '#/channels/room/messages/pinned' }",
        ],
        [
          'asyncapi.yaml',
          '    user_left:\n      name',
          "    pinned: { name: pinned, summary: A pin., payload: { $ref: '#/components/schemas/Pinned' } }\n    user_left:\n      name",
        ],
        [
          'asyncapi.yaml',
          '    Who:\n',
          '    Pinned: { type: object, required: [type], properties: { type: { const: pinned } } }\n    Who:\n',
        ],
      );
      await generate(folder);
      await cp(join(root, 'sdk/typescript/src'), join(folder, 'sdk/typescript/src'), {
        recursive: true,
        filter: (path) => !path.startsWith(join(root, 'sdk/typescript/src/generated')),
      });
    });

    it('the SDK has the method, which sends the request without a hand-written line', async () => {
      const asked: string[] = [];
      const { Palaver } = await import(join(folder, 'sdk/typescript/src/index.ts'));
      const palaver = new Palaver({
        url: 'http://127.0.0.1:1',
        fetch: async (url: string, { method }: RequestInit) => {
          asked.push(`${method} ${url}`);
          return Response.json(['4']);
        },
      });
      expect(await palaver.listPins({ room: 'a b', limit: 2 })).toEqual(['4']);
      expect(asked).toEqual(['GET http://127.0.0.1:1/rooms/a%20b/pins?limit=2']);
    });

    it('the SDK has the event, typed, and everything compiles', async () => {
      const { eventNames } = await import(join(folder, 'sdk/typescript/src/index.ts'));
      expect(eventNames).toContain('pinned');
      await writeFile(
        join(folder, 'sdk/typescript/src/uses.ts'),
        `import { Palaver, type Events } from './index.ts';
export const frame: Events['pinned'] = { type: 'pinned' };
export const pins: Promise<string[] | void> = new Palaver({ url: '' }).listPins({ room: 'a', limit: 2 });
// @ts-expect-error room is required
export const without = new Palaver({ url: '' }).listPins({ limit: 2 });
`,
      );
      await writeFile(
        join(folder, 'tsconfig.json'),
        JSON.stringify({ extends: join(root, 'tsconfig.json'), include: ['sdk/typescript/src', 'generated'] }),
      );
      const { stdout } = await run(join(root, 'node_modules/.bin/tsc'), ['-p', folder]).catch((error) => error);
      expect(stdout).toBe('');
    });

    it('the server needs a handler for it', async () => {
      const { routes } = await import(join(folder, 'generated/http/routes.ts'));
      expect(routes.listPins).toMatchObject({ method: 'get', path: '/rooms/{room}/pins' });
    });
  });
});
