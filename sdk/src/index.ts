export { PalaverError, type PalaverErrorCode } from './error.ts';
export * from './generated/index.ts';
export type { CallOptions } from './http.ts';
export { createPalaver, type PalaverOptions } from './palaver.ts';
