export const pages = 2;
