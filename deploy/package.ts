/** Copies the files that the server reads to `dist/`, each to the place where a checkout has it. */
import { cpSync } from 'node:fs';
import { join } from 'node:path';

const root = join(import.meta.dirname, '..');
const copy = (from: string, to = from): void => cpSync(join(root, from), join(root, 'dist', to), { recursive: true });

for (const spec of ['generated/http/openapi.json', 'generated/chat/asyncapi.json']) copy(spec);
for (const built of ['build/page', 'build/docs', 'build/sdk-reference', 'build/api-reference.js']) copy(built);
for (const folder of ['src/http/docs', 'src/backplane/redis/scripts']) copy(folder);
