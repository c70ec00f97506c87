// Generated from specs/asyncapi.yaml by `npm run generate`. Do not edit.

export * from './schemas.ts';
export * from './types.ts';
