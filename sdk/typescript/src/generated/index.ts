// Generated from specs/ by `npm run generate`. Do not edit.

export * from './events.ts';
export * from './frames.ts';
export * from './operations.ts';
export * from './types.ts';
