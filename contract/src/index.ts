export { main, usageOf } from './cli.ts';
export { CouldNotRun } from './errors.ts';
export type { Report, Result } from './report.ts';
export { type KitOptions, listCases, type Progress, runKit } from './run.ts';
