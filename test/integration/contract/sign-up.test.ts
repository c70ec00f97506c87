import { describe, expect, it } from 'vitest';
import { request } from '../../harness/http.ts';
import { startTestServer } from '../../harness/server.ts';

/** Fifty sign-ups at once that differ in one thing alone; how often each answer came. */
async function crowd(userOf: (n: number) => { email: string; username: string }): Promise<Record<string, number>> {
  await using server = await startTestServer();
  const asked = Array.from({ length: 50 }, (_, n) =>
    request(server, 'POST', '/createUser', { json: { ...userOf(n), password: 'correct horse' } }),
  );
  const answers: Record<string, number> = {};
  for (const { status, json } of await Promise.all(asked)) {
    const name = `${status} ${json.code ?? ''}`.trim();
    answers[name] = (answers[name] ?? 0) + 1;
  }
  return answers;
}

describe('fifty sign-ups at once', () => {
  const upperOrLower = (text: string, n: number): string => (n % 2 ? text.toUpperCase() : text);

  it('with one e-mail address: one succeeds', async () => {
    const answers = await crowd((n) => ({ email: upperOrLower('one@example.com', n), username: `User ${n}` }));
    expect(answers).toEqual({ '201': 1, '409 email_taken': 49 });
  });

  it('with one name: one succeeds', async () => {
    const answers = await crowd((n) => ({ email: `u${n}@example.com`, username: upperOrLower('One', n) }));
    expect(answers).toEqual({ '201': 1, '409 username_taken': 49 });
  });

  it('with both: one succeeds, and the others get one clear answer', async () => {
    const answers = await crowd((n) => ({ email: 'one@example.com', username: upperOrLower('One', n) }));
    expect(answers).toEqual({ '201': 1, '409 email_taken': 49 });
  });
});
