/** Objects that a stream keeps in memory. */
import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { once } from 'node:events';
import { connect as dial } from 'node:net';
import { setImmediate as turn } from 'node:timers/promises';
import { expect, it, onTestFinished, vi } from 'vitest';
import { head } from '../../harness/conversation.ts';
import { within } from '../../harness/deadline.ts';
import { eventRequest, openEvents, readEvents } from '../../harness/event-stream.ts';
import { startTestServer } from '../../harness/server.ts';
import { mint } from '../../harness/tokens.ts';

/** Notes every request and response that Node's HTTP server makes, and every `Request`, without keeping them. */
function noteRequests(): Map<string, WeakRef<object>[]> {
  const noted = new Map<string, WeakRef<object>[]>();
  const note = (kind: string, made: object): void =>
    void noted.set(kind, [...(noted.get(kind) ?? []), new WeakRef(made)]);
  const onRequest = (message: unknown): void => {
    const { request, response } = message as { request: object; response: object };
    note('IncomingMessage', request);
    note('ServerResponse', response);
  };
  subscribe('http.server.request.start', onRequest);
  onTestFinished(() => void unsubscribe('http.server.request.start', onRequest));
  class NotedRequest extends Request {
    constructor(...args: ConstructorParameters<typeof Request>) {
      super(...args);
      note('Request', this);
    }
  }
  vi.stubGlobal('Request', NotedRequest);
  onTestFinished(() => void vi.unstubAllGlobals());
  return noted;
}

/** Returns how many of each kind are still in memory. */
async function kept(noted: ReadonlyMap<string, readonly WeakRef<object>[]>): Promise<Record<string, number>> {
  // A weak reference is strong until the end of the turn in which it was made or read.
  for (let round = 0; round < 3; round += 1) {
    await turn();
    globalThis.gc!();
  }
  return Object.fromEntries([...noted].map(([kind, refs]) => [kind, refs.filter((ref) => ref.deref()).length]));
}

const count = 20;

it('keeps no request, response or request context of an open stream', async () => {
  await using server = await startTestServer({ env: { MAX_SESSIONS_PER_USER: '100' } });
  const token = await mint({ id: '1', username: 'Ann' });
  const noted = noteRequests();
  const streams = [];
  for (let n = 0; n < count; n += 1) streams.push(await openEvents(server, { token }));
  // On a connection that has served another request, too.
  for (let n = 0; n < count; n += 1) {
    const socket = dial(server);
    socket.write(head('GET /healthz'));
    await within(once(socket, 'data'), 'the first answer');
    socket.write(eventRequest({ token }));
    streams.push(await readEvents(socket));
  }
  for (const stream of streams) await stream.next('users_online');
  expect([...noted].map(([kind, refs]) => [kind, refs.length >= count])).toEqual([
    ['IncomingMessage', true],
    ['ServerResponse', true],
    ['Request', true],
  ]);
  // The pools of Node may hold the last one.
  for (const [kind, left] of Object.entries(await kept(noted)))
    expect([kind, left]).toEqual([kind, expect.toSatisfy((n) => n <= 2)]);
  expect(streams.every(({ socket }) => !socket.destroyed)).toBe(true);
});
