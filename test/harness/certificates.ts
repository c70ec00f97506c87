import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** Whether this machine can make certificates. */
export const hasOpenssl: boolean = spawnSync('openssl', ['version']).status === 0;

export interface Certificates {
  /** Certificate of the authority, which no client trusts by default. */
  readonly ca: string;
  /** Certificate of `localhost` and 127.0.0.1. */
  readonly cert: string;
  readonly key: string;
  /** Certificate and key in one file. */
  readonly both: string;
  remove(): void;
}

/** Creates the files of an authority, valid for a day, and of a certificate of it. */
export function makeCertificates(): Certificates {
  const folder = mkdtempSync(join(tmpdir(), 'palaver-certificates-'));
  const file = (name: string): string => join(folder, name);
  const make = (name: string, ...args: string[]): void => {
    const files = ['-keyout', file(`${name}.key`), '-out', file(`${name}.pem`)];
    const curve = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-days', '1'];
    execFileSync('openssl', ['req', '-x509', ...curve, ...files, ...args], { stdio: 'pipe' });
  };
  make('ca', '-subj', '/CN=An authority of one day');
  const signed = ['-CA', file('ca.pem'), '-CAkey', file('ca.key'), '-addext', 'basicConstraints=critical,CA:FALSE'];
  make('server', '-subj', '/CN=localhost', '-addext', 'subjectAltName=DNS:localhost,IP:127.0.0.1', ...signed);
  const [cert, key] = [readFileSync(file('server.pem')), readFileSync(file('server.key'))];
  writeFileSync(file('server.both.pem'), Buffer.concat([cert, key]));
  return {
    ca: file('ca.pem'),
    cert: file('server.pem'),
    key: file('server.key'),
    both: file('server.both.pem'),
    remove: () => rmSync(folder, { recursive: true, force: true }),
  };
}
