/** Puts what the server reads beside what was built of it, each where a checkout has it: so `dist/` is whole. */
import { cpSync } from 'node:fs';
import { join } from 'node:path';
import { chapters, drawings } from '../src/http/docs.ts';

const root = join(import.meta.dirname, '..');
const copy = (from: string, to = from): void => cpSync(join(root, from), join(root, 'dist', to), { recursive: true });

for (const spec of ['generated/http/openapi.json', 'generated/chat/asyncapi.json']) copy(spec);
for (const built of ['build/page', 'build/sdk-reference', 'build/api-reference.js']) copy(built);
for (const name of [...Object.values(chapters), ...drawings]) copy(`docs/${name}`);
copy('src/http/docs');
