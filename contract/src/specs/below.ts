/** Returns a path of the server, beneath its URL. */
export const below = (base: URL, path: string): string => `${base.pathname.replace(/\/$/, '')}${path}`;
