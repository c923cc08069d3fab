/** The one person who signs in here. */

export const ADA = {
  id: 'ada',
  name: 'Ada Example',
  email: 'ada@example.test',
} as const;
