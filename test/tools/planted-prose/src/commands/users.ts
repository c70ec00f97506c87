export const usage = `palaver users disable ID

disable  Shut a user out.
--all    what the server holds,
         and more
`;
export const missing = (id: string): Error => new Error(`the user ${id} can not be found`);
export const query = (sql: string): string => `SELECT ${sql} FROM users WHERE who is here`;
