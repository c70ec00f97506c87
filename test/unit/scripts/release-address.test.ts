import { spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeEach, describe, expect, it } from 'vitest';
import { addressFaults, repository, writeAddress } from '../../../scripts/release-address.ts';
import { temporaryFolder } from '../../harness/folder.ts';

const project = join(import.meta.dirname, '../../..');
const folders = ['.', 'sdk/typescript', 'contract'];
const address = 'https://example.com/owner/palaver';

let root: string;
/** A folder with only the manifests of this project. */
beforeEach(() => {
  root = temporaryFolder();
  for (const folder of folders) {
    mkdirSync(join(root, folder), { recursive: true });
    cpSync(join(project, folder, 'package.json'), join(root, folder, 'package.json'));
  }
});

const textOf = (folder: string, of = root): string => readFileSync(join(of, folder, 'package.json'), 'utf8');
const manifestOf = (folder: string, of = root): Record<string, unknown> => JSON.parse(textOf(folder, of));

describe('the address of a release', () => {
  it('is written into all three packages', () => {
    writeAddress(root, address);
    expect(folders.map((folder) => manifestOf(folder))).toMatchObject([
      {
        repository: { type: 'git', url: 'git+https://example.com/owner/palaver.git' },
        homepage: 'https://example.com/owner/palaver#readme',
        bugs: { url: 'https://example.com/owner/palaver/issues' },
      },
      {
        repository: { url: 'git+https://example.com/owner/palaver.git', directory: 'sdk/typescript' },
        homepage: 'https://example.com/owner/palaver/tree/main/sdk/typescript#readme',
        bugs: { url: 'https://example.com/owner/palaver/issues' },
      },
      {
        repository: { url: 'git+https://example.com/owner/palaver.git', directory: 'contract' },
        homepage: 'https://example.com/owner/palaver/tree/main/contract#readme',
        bugs: { url: 'https://example.com/owner/palaver/issues' },
      },
    ]);
    expect(addressFaults(root, address)).toEqual([]);
  });

  it.each(folders)('changes nothing else in %s', (folder) => {
    writeAddress(root, address);
    const { repository: _, homepage, bugs, ...rest } = manifestOf(folder);
    const { repository: before, homepage: page, bugs: issues, ...own } = manifestOf(folder, project);
    expect(rest).toEqual(own);
    expect(Object.keys(rest)).toEqual(Object.keys(own));
  });

  it('is replaced in place, and a second write changes nothing', () => {
    writeAddress(root, 'https://example.com/old/palaver');
    writeAddress(root, address);
    const once = folders.map((folder) => textOf(folder));
    writeAddress(root, address);
    expect(folders.map((folder) => textOf(folder))).toEqual(once);
    expect(once.join('')).not.toContain('/old/');
  });

  it.each([
    'http://example.com/owner/palaver',
    'git@example.com:owner/palaver',
    'https://example.com/owner/palaver.git',
    'https://example.com/owner/palaver/',
    'https://example.com',
    '',
  ])('must not be %j', (wrong) => {
    expect(() => writeAddress(root, wrong)).toThrow(/^repository: must be an https address/);
  });
});

describe('the check before a release', () => {
  it('names each package that lacks the address', () => {
    writeAddress(root, 'https://example.com/old/palaver');
    const faults = addressFaults(root, address);
    expect(faults.map((fault) => fault.split(': ')[0])).toEqual([
      'package.json',
      'sdk/typescript/package.json',
      'contract/package.json',
    ]);
    expect(faults[1]).toContain('repository, homepage, bugs: missing or out of date. Run node scripts/');
  });

  it('fails while no address is set', () => {
    expect(addressFaults(root, undefined)).toEqual([expect.stringMatching(/^repository: is not set\. Set it in /)]);
  });

  it('stops the release of this project exactly while a package lacks its address', () => {
    const { status, stderr } = spawnSync(process.execPath, [join(project, 'scripts/release-address.ts'), '--check'], {
      encoding: 'utf8',
      env: { PATH: process.env.PATH, NODE_NO_WARNINGS: '1' },
    });
    const faults = addressFaults(project, repository);
    expect([status, stderr.split('\n').filter(Boolean)]).toEqual([faults.length > 0 ? 1 : 0, faults]);
    expect(JSON.parse(textOf('.', project)).scripts.release).toMatch(/^node scripts\/release-address\.ts --check && /);
  });
});
