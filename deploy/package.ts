/** Puts what the server reads beside what was built of it, each where a checkout has it: so `dist/` is whole. */
import { cpSync } from 'node:fs';
import { join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { chapters, drawings, referenceScript } from '../src/http/docs.ts';

const root = join(import.meta.dirname, '..');
const copy = (from: string, to = from): void => cpSync(join(root, from), join(root, 'dist', to), { recursive: true });

for (const spec of ['generated/http/openapi.json', 'generated/chat/asyncapi.json']) copy(spec);
for (const built of ['build/page', 'build/sdk-reference']) copy(built);
for (const name of [...Object.values(chapters), ...drawings]) copy(`docs/${name}`);
copy('src/http/docs');
// The one file that is served of a package as large as all the rest.
copy(relative(root, fileURLToPath(referenceScript()!)), 'src/http/docs/reference.js');
