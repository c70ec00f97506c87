/** A server that leaks, under a short soak. */
import { expect, it, onTestFinished } from 'vitest';
import { withoutOnDisk } from '../../test/attack/switch-off.ts';
import { within } from '../../test/harness/deadline.ts';
import { launch } from '../../test/harness/process.ts';
import { leaks } from '../soak/leaks.ts';

/** The smaller leak. `npm run soak -- --leak sockets` shows the other. */
const leak = leaks.find(({ name }) => name === 'names')!;

it('reports a planted leak, and names the class that grows', async () => {
  for (const each of leaks) withoutOnDisk(each);
  const args = ['bench/soak.ts', '--minutes', '0.25', '--users', '30', '--classes', '--leak', leak.name];
  const soak = launch(process.execPath, ['--disable-warning=ExperimentalWarning', ...args], {});
  onTestFinished(soak.kill);
  const exited = new Promise((resolve) => soak.child.once('exit', resolve));
  expect(await within(exited, () => `the end; so far: ${soak.output()}`, 150_000)).toBe(1);
  expect(soak.output()).toContain('NOT FLAT');
  expect(soak.output()).toMatch(/Live heap at rest: grows/);
  // A server also grows at its start, by compiled code. Only the leak can cause this finding.
  expect(soak.output()).toMatch(new RegExp(` object ${leak.holds}$`, 'm'));
}, 180_000);
