import { onTestFinished } from 'vitest';
import { launch, launchServer, type ServerProcess } from '../harness/process.ts';

export type { ServerProcess };

/** The process ends with the test. */
function withTheTest(launched: ServerProcess): ServerProcess {
  onTestFinished(launched.kill);
  return launched;
}

/** Runs a command of the project. */
export const run = (...args: Parameters<typeof launch>): ServerProcess => withTheTest(launch(...args));

/** Starts the server itself, not through npm. */
export const serve = (...args: Parameters<typeof launchServer>): ServerProcess => withTheTest(launchServer(...args));
