import { spawnSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { hasOpenssl, makeCertificates } from '../harness/certificates.ts';
import { adapted, codeBelow } from '../harness/documentation.ts';
import { newcomerWithCheckout, pageMs } from '../harness/newcomer.ts';
import { freePort } from '../harness/port.ts';
import { nginx, startProxy } from '../harness/proxies.ts';
import { noTerminal } from '../harness/terminal.ts';

const page = 'docs/guide/self-hosting.md';
const [configure] = codeBelow(page, 'Configure', 'sh');
const [unit] = codeBelow(page, 'Start with systemd', 'ini');
const [proxied] = codeBelow(page, 'nginx', nginx.fence);
const [requests, chat, contract] = codeBelow(page, 'Test the installation', 'sh');
const ready = codeBelow(page, 'Start with systemd', 'sh')[0].split('\n').at(-1)!;
/** The commands of the page would change this machine: they get a folder in place of its own. */
const into = (folder: string) => [['/opt/palaver', folder] as const, ['/etc/palaver.env', `${folder}/env`] as const];

const missing = noTerminal ?? (nginx.isHere && hasOpenssl ? undefined : 'nginx or openssl is not installed');
if (missing && process.env.CI) throw new Error(`In CI the installation must be tested, and ${missing}`);

describe.skipIf(missing)(`docs/guide/self-hosting.md${missing ? `: ${missing}` : ''}`, { timeout: pageMs }, () => {
  it('installs a server that passes its own checks behind nginx, a chat and the contract tests included', async () => {
    const certificates = makeCertificates();
    onTestFinished(certificates.remove);
    const port = await freePort();
    const newcomer = newcomerWithCheckout({
      PORT: `${port}`,
      CURL_CA_BUNDLE: certificates.ca,
      NODE_EXTRA_CA_CERTS: certificates.ca,
    });
    const { folder, run } = newcomer;
    const [installed, environment] = into(folder);
    const configured = await run(adapted(configure, [environment!, ['/var/lib/palaver', `${folder}/data`]]));
    expect(configured).toMatchObject({ code: 0, errors: '' });
    const start = /^ExecStart=(.+)$/m.exec(unit)![1]!;
    const server = newcomer.serve(`set -a; . ${folder}/env; set +a; exec ${adapted(start, [installed!])}`);
    await server.address();
    expect((await run(adapted(ready, [['127.0.0.1:3000', `127.0.0.1:${port}`]]))).out).toMatch(/^HTTP\/1.1 200 OK/);

    const proxy = await startProxy(nginx, { config: proxied, upstream: port, certificates, timeout: '90s' });
    onTestFinished(proxy.stop);
    const url = `https://localhost:${proxy.port}`;
    const { code, out } = await run(adapted(requests, [['https://chat.example.com', url]]));
    expect(code).toBe(0);
    expect(out).toMatch(/^HTTP\/[\d.]+ 200/);
    expect(out.trim().split('\n').at(-1)).toMatch(/404$/);

    const terminal = newcomer.type(`URL=${url}\n${chat}`);
    await terminal.shows('"type":"user_joined"');
    terminal.type('\u0003');
    // A whole run takes long. This case is one that the page names.
    const brief = adapted(contract!, [installed!, ['--only rule --only ws', '--only rule.early-frames']]);
    expect(await run(`URL=${url}\n${brief}`)).toMatchObject({ code: 0 });

    await server.stop('SIGTERM');
    // With NODE_ENV=production the log is in JSON.
    expect(server.output()).toContain('"event":"server_stopped"');
    const admin = /^ADMIN_TOKEN=(.+)$/m.exec(readFileSync(`${folder}/env`, 'utf8'))![1]!;
    expect(admin).toHaveLength(64);
    expect(server.output()).not.toContain(admin);
  });

  const noSystemd = spawnSync('systemd-analyze', ['--version']).status !== 0;
  it.skipIf(noSystemd)('has a unit in which systemd finds no fault', async () => {
    const { folder, run } = newcomerWithCheckout();
    writeFileSync(join(folder, 'palaver.service'), adapted(unit, into(folder)));
    writeFileSync(join(folder, 'env'), '');
    const [verify] = codeBelow(page, 'Start with systemd', 'sh')[0].split('\n');
    const checked = await run(adapted(verify!, [['/etc/systemd/system', folder]]));
    expect(checked).toEqual({ code: 0, out: '', errors: '' });
  });
});
