export const openSqliteStore = (): void => {};
