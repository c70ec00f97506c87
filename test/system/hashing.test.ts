import { once } from 'node:events';
import { it } from 'vitest';
import { within } from '../harness/deadline.ts';
import { temporaryFolder } from '../harness/folder.ts';
import { gone } from '../harness/process.ts';
import { serve } from './process.ts';

it('ends the process for passwords when the server is killed', async () => {
  const server = serve({ DATA_DIR: temporaryFolder() });
  const { host, port } = await server.address();
  const user = { email: 'igor@example.com', username: 'Igor', password: 'correct horse' };
  await fetch(`http://${host}:${port}/createUser`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(user),
  });
  // Everything in the server's process group except the server.
  const group = server.child.pid!;
  server.child.kill('SIGKILL');
  await once(server.child, 'exit');
  await within(gone(-group), 'the end of what it had started');
});
