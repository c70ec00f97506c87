export const sqliteUserStore = (): void => {};
