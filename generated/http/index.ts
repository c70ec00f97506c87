// Generated from specs/openapi.yaml by `npm run generate`. Do not edit.

export * from './routes.ts';
export * from './schemas.ts';
export type * from './types.ts';
