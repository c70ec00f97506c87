/**
 * Fetches the script that shows the API reference: one file of a package that weighs, with all it depends on, as much
 * as the rest of a checkout. It comes through npm as `npm ci` would fetch it, and is held to the hash beside this file.
 */
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pin from './api-reference.json' with { type: 'json' };

const build = join(import.meta.dirname, '../build');
const target = join(build, 'api-reference.js');
/** Which version the file is of. */
const mark = join(build, 'api-reference.integrity');

function isThere(): boolean {
  try {
    return readFileSync(mark, 'utf8') === pin.integrity && readFileSync(target).length > 0;
  } catch {
    return false;
  }
}

/** Returns the package's files as one tarball whose bytes are those that were pinned. */
function fetchTarball(folder: string): string {
  // Not a dry run, where it is one that packs this project. Scripts are none of its business.
  const options = ['--json', '--ignore-scripts', '--dry-run=false', '--pack-destination', folder];
  const told = execFileSync('npm', ['pack', `${pin.package}@${pin.version}`, ...options], {
    // Outside of the project, whose workspaces and settings are for others.
    cwd: folder,
    encoding: 'utf8',
    shell: process.platform === 'win32',
  });
  const [{ filename }] = JSON.parse(told) as [{ filename: string }];
  const tarball = join(folder, filename);
  const integrity = `sha512-${createHash('sha512').update(readFileSync(tarball)).digest('base64')}`;
  if (integrity !== pin.integrity)
    throw new Error(`${pin.package}@${pin.version} has the hash ${integrity}, not the pinned one`);
  return tarball;
}

if (!isThere()) {
  const folder = mkdtempSync(join(tmpdir(), 'palaver-api-reference-'));
  try {
    const tarball = fetchTarball(folder);
    execFileSync('tar', ['-xzf', tarball, '-C', folder, `package/${pin.file}`]);
    mkdirSync(build, { recursive: true });
    const written = `${target}.${process.pid}`;
    writeFileSync(written, readFileSync(join(folder, 'package', pin.file)));
    renameSync(written, target);
    writeFileSync(mark, pin.integrity);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
