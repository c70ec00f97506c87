export { CouldNotRun } from './errors.ts';
export type { Report, Result } from './report.ts';
export { type KitOptions, runKit } from './run.ts';
