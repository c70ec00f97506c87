export const logEvents = {
  store_unavailable: { level: 'warn', text: 'the store is away', fields: ['err'] },
} as const;
