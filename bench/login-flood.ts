/** Number of answers by status; `none` where the run ended first. */
export type Logins = Record<string, number>;

interface Flood {
  begin(): void;
  readonly answered: Logins;
}

/**
 * Creates an account, and logs in to it this many times a second from `begin` until `signal`, whether or not answers
 * arrive.
 */
export async function startLogins(url: string, perS: number, signal: AbortSignal): Promise<Flood> {
  const post = (path: string, body: object): Promise<Response> =>
    fetch(url + path, {
      method: 'POST',
      headers: { 'Content-Type': 'application/json' },
      body: JSON.stringify(body),
      signal,
    });
  const account = { email: 'bench@example.com', password: 'correct horse battery staple' };
  const made = await post('/createUser', { ...account, username: 'Bench' });
  if (made.status !== 201) throw new Error(`/createUser answered ${made.status}: ${await made.text()}`);

  const answered: Logins = {};
  const logIn = async (): Promise<void> => {
    const status = await post('/login', account).then(
      async (response) => {
        await response.arrayBuffer();
        return response.status;
      },
      () => 'none',
    );
    answered[status] = (answered[status] ?? 0) + 1;
  };
  return {
    answered,
    begin() {
      const timer = setInterval(() => void logIn(), 1_000 / perS);
      signal.addEventListener('abort', () => clearInterval(timer));
    },
  };
}
