export const problems = {
  not_found: [404, 'What was asked for is missing'],
} as const;
