import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, inject, it } from 'vitest';
import { Palaver } from '../../sdk/typescript/src/index.ts';
import { adapted, codeBelow } from '../harness/documentation.ts';
import { newcomerWithCheckout, newcomerWithPackages, pageMs } from '../harness/newcomer.ts';
import { freePort } from '../harness/port.ts';
import { root } from '../harness/process.ts';
import { noTerminal } from '../harness/terminal.ts';
import { testAdminToken } from '../harness/tokens.ts';

const ann = { email: 'ann@example.com', password: 'correct horse' };
const newcomer = (env: Readonly<Record<string, string>> = {}) => newcomerWithPackages(inject('installed'), env);

describe('docs/guide/command-line.md', { timeout: pageMs }, () => {
  const page = 'docs/guide/command-line.md';

  it.skipIf(noTerminal)('manages users without a server', async () => {
    const terminal = newcomer().type(codeBelow(page, 'Manage users', 'sh')[0]);
    for (const question of ['Password: ', 'Repeat it: ']) {
      await terminal.shows(question);
      terminal.type(`${ann.password}\r`);
    }
    expect(await terminal.exited()).toBe(0);
    const [id, listed, disabled, enabled, token] = terminal.shown().trim().split(/\s*\n/).slice(2);
    expect(listed).toBe(`${id}\t${ann.email}\tAnn\tenabled`);
    expect([disabled, enabled]).toEqual([`disabled ${id}`, `enabled ${id}`]);
    const { username, exp, iat } = JSON.parse(Buffer.from(token!.split('.')[1]!, 'base64url').toString());
    expect([username, exp - iat]).toEqual(['Ann', 3_600]);
  });

  it('lists every command, with options that it has', async () => {
    const text = readFileSync(join(root, page), 'utf8');
    const rows = [...text.matchAll(/^\| `palaver (.+)$/gm)].map(([, row]) => row!);
    const names = rows.map((row) => row.split(/[ `]/)[0]!);
    const { run } = newcomer();
    const help = (await run('palaver --help')).out;
    expect(new Set(names)).toEqual(new Set(Array.from(help.matchAll(/^ {2}([\w-]+)/gm), ([, name]) => name)));
    const { out } = await run(names.map((name) => `palaver help ${name}; echo '----'`).join('\n'));
    const options = (of: string): string[] => [...of.matchAll(/--[a-z][\w-]*/g)].map(([option]) => option);
    for (const [index, usage] of out.split('----\n').slice(0, -1).entries())
      expect(options(usage)).toEqual(expect.arrayContaining(options(rows[index]!)));
  });

  it('runs the command from a checkout', async () => {
    const [, command] = /In a checkout: `(.+)`/.exec(readFileSync(join(root, page), 'utf8'))!;
    const { code, out } = await newcomerWithCheckout().run(adapted(command!, [['COMMAND', 'users list']]));
    expect([code, out]).toEqual([0, '']);
  });
});

describe('docs/guide/operating.md', { timeout: pageMs }, () => {
  const page = 'docs/guide/operating.md';

  it('disables a user, makes a backup beside the server, and restores it into another folder', async () => {
    const port = await freePort();
    const { folder, run, serve } = newcomer({ PORT: `${port}`, ADMIN_TOKEN: testAdminToken });
    await serve('palaver').address();
    const palaver = new Palaver({ url: `http://127.0.0.1:${port}` });
    const { id } = await palaver.createUser({ ...ann, username: 'Ann' });
    const { token } = await palaver.login(ann);

    const [curl] = codeBelow(page, 'Disable a user', 'sh');
    const disable = adapted(curl, [
      ['127.0.0.1:3000', `127.0.0.1:${port}`],
      ['$ID', id],
    ]);
    expect(await run(disable)).toMatchObject({ code: 0, out: '' });
    await expect(palaver.login(ann)).rejects.toMatchObject({ status: 403, code: 'user_disabled' });
    await run(adapted(disable, [['/disable', '/enable']]));
    await palaver.login(ann);

    const backup = adapted(codeBelow(page, 'Backup and restore', 'sh')[0], [
      ['/var/backups', folder],
      ['/srv/palaver', folder],
      ['2026-11-25', '$(date +%F)'],
    ]);
    expect(await run(backup)).toMatchObject({ code: 0 });
    const restored = await serve(`PORT=0 DATA_DIR=${folder}/new palaver`).address();
    const later = new Palaver({ url: `http://${restored.host}:${restored.port}` });
    expect((await later.login(ann)).id).toBe(id);
    const room = await later.join({ token });
    expect(room.roster).toEqual(['Ann']);
    await room.close();
  });
});

describe('docs/develop/contract-tests.md', { timeout: pageMs }, () => {
  const page = 'docs/develop/contract-tests.md';

  it('tests a server from an empty folder, from a checkout and in CI', async () => {
    const kit = newcomer({ PORT: '0' });
    const { host, port } = await kit.serve('palaver').address();
    const url = `http://${host}:${port}`;
    // A whole run takes long, and is another test's.
    const briefly = `${url} --only http.readyz`;
    const [command] = codeBelow(page, 'Contract tests', 'sh');
    const [, ofCheckout] = /In a copy of the repository, run `(.+)`/.exec(readFileSync(join(root, page), 'utf8'))!;
    const ran = await Promise.all([
      kit.run(adapted(command, [['http://127.0.0.1:3000', briefly]])),
      newcomerWithCheckout().run(adapted(ofCheckout!, [['http://127.0.0.1:3000', briefly]])),
    ]);
    for (const { code, out } of ran) expect([code, out]).toEqual([0, expect.stringMatching(/^✓ \d+ kept, 0 broken/m)]);
    const inCi = adapted(codeBelow(page, 'In CI', 'sh')[0], [['"$URL"', briefly]]);
    expect(await kit.run(inCi)).toMatchObject({ code: 0, out: '' });
    const report = JSON.parse(readFileSync(join(kit.folder, 'contract.json'), 'utf8'));
    expect(report).toMatchObject({ seed: 1 });
  });
});
