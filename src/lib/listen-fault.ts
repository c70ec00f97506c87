/** Returns the system's code of an error, such as `EACCES`. */
export const codeOf = (error: unknown): string | undefined => {
  const { code } = error as { code?: unknown };
  return typeof code === 'string' ? code : undefined;
};

interface Address {
  /** Names of the settings for the address. */
  readonly variables: readonly [host: string, port: string];
  readonly host: string;
  readonly port: number;
}

/** Returns why no server can listen on an address, and what to do. */
export function explainAddress(error: unknown, { variables: [HOST, PORT], host, port }: Address): string {
  const code = codeOf(error);
  const shown = host.includes(':') ? `[${host}]` : host;
  if (code === 'ENOTFOUND' || code === 'EAI_AGAIN')
    return (
      `${HOST} is ${host}, a name that cannot be resolved (${code}). Set ${HOST} to 127.0.0.1, or to 0.0.0.0 for all ` +
      `addresses. Some shells, and conda, set HOST themselves`
    );
  if (code === 'EADDRNOTAVAIL') return `${HOST} is ${host}, which is not an address of this machine`;
  if (code === 'EAFNOSUPPORT') return `${HOST} is ${host}, but this machine has no addresses of that kind`;
  if (code === 'EADDRINUSE')
    return `${PORT} ${port} is in use: another program listens on ${shown}:${port}, or another Palaver`;
  if (code === 'EACCES')
    return `${PORT} ${port} is reserved: this user must not listen on ${shown}:${port}. Choose a port above 1023`;
  return `Palaver cannot listen on ${shown}:${port} (${code}): check ${HOST} and ${PORT}`;
}
