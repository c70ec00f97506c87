/**
 * Sets `repository`, `homepage` and `bugs` of the three published packages from one constant.
 * `node scripts/release-address.ts` writes them; with `--check` it fails unless all three packages have them.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** Address of the repository, such as `https://github.com/owner/palaver`; undefined until there is one. */
export const repository = undefined as string | undefined;

/** Folders of the published packages, from the root. */
const folders = ['.', 'sdk/typescript', 'contract'] as const;
type Folder = (typeof folders)[number];
type Manifest = Readonly<Record<string, unknown>>;

const pathOf = (root: string, folder: Folder): string => join(root, folder, 'package.json');
const read = (root: string, folder: Folder): Manifest => JSON.parse(readFileSync(pathOf(root, folder), 'utf8'));

/** Returns the three fields of one package. @throws {Error} if the address is none to publish */
function fieldsOf(address: string, folder: Folder): Manifest {
  if (!/^https:\/\/[^/]+\/[^?#]*[^/?#]$/.test(address) || address.endsWith('.git'))
    throw new Error(
      `repository: must be an https address without ".git" or a slash at its end, not ${JSON.stringify(address)}`,
    );
  const isRoot = folder === '.';
  return {
    repository: { type: 'git', url: `git+${address}.git`, ...(!isRoot && { directory: folder }) },
    homepage: isRoot ? `${address}#readme` : `${address}/tree/main/${folder}#readme`,
    bugs: { url: `${address}/issues` },
  };
}

/** Writes the three fields into each package, after its license. */
export function writeAddress(root: string, address: string): void {
  for (const folder of folders) {
    const fields = fieldsOf(address, folder);
    const entries = Object.entries(read(root, folder)).filter(([name]) => !(name in fields));
    entries.splice(entries.findIndex(([name]) => name === 'license') + 1, 0, ...Object.entries(fields));
    writeFileSync(pathOf(root, folder), `${JSON.stringify(Object.fromEntries(entries), null, 2)}\n`);
  }
}

/** Returns why the packages can't be published yet: a line for each fault. */
export function addressFaults(root: string, address: string | undefined): string[] {
  if (address === undefined)
    return ['repository: is not set. Set it in scripts/release-address.ts to the address of the repository.'];
  return folders.flatMap((folder) => {
    const manifest = read(root, folder);
    const wrong = Object.entries(fieldsOf(address, folder))
      .filter(([name, value]) => JSON.stringify(manifest[name]) !== JSON.stringify(value))
      .map(([name]) => name);
    if (wrong.length === 0) return [];
    const file = join(folder, 'package.json');
    return [`${file}: ${wrong.join(', ')}: missing or out of date. Run node scripts/release-address.ts and commit it.`];
  });
}

if (import.meta.main) {
  const root = join(import.meta.dirname, '..');
  if (process.argv.includes('--check')) {
    const faults = addressFaults(root, repository);
    for (const fault of faults) console.error(fault);
    if (faults.length > 0) process.exitCode = 1;
  } else if (repository === undefined) {
    console.error(
      'The packages get no repository, homepage and bugs: scripts/release-address.ts names no address yet.',
    );
  } else writeAddress(root, repository);
}
