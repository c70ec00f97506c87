/** Copies the files that the server reads to `dist/`, each to the place where a checkout has it. */
import { cpSync } from 'node:fs';
import { join } from 'node:path';
import { chapters, drawings } from '../src/http/docs.ts';

const root = join(import.meta.dirname, '..');
const copy = (from: string, to = from): void => cpSync(join(root, from), join(root, 'dist', to), { recursive: true });

for (const spec of ['generated/http/openapi.json', 'generated/chat/asyncapi.json']) copy(spec);
for (const built of ['build/page', 'build/sdk-reference', 'build/api-reference.js']) copy(built);
for (const name of [...Object.values(chapters), ...drawings]) copy(`docs/${name}`);
for (const folder of ['src/http/docs', 'src/backplane/redis/scripts']) copy(folder);
