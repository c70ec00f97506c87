import { setTimeout as delay } from 'node:timers/promises';
import { eventNames, type JoinOptions, Palaver, PalaverError, type Room } from '@palaver/sdk';
import { readable } from '../lib/printable.ts';
import { argumentsOf } from './arguments.ts';
import { type Command, exitCodes, UsageError } from './command.ts';
import { openTerminal, type Terminal } from './terminal.ts';

const usage = `palaver tail URL [options]

Join the room of the server at URL, print its messages, joins and leaves, and send each line of standard input as a
message. At the end of the input the command waits until all messages are delivered, and leaves.

  --email ADDRESS  Log in. The password is PALAVER_PASSWORD, the first line of a pipe, or the answer to a prompt.
  --token TOKEN    Sign in with a token. To hide it from other users of this machine, set PALAVER_TOKEN instead.
  --follow         Stay in the room after the end of the input, until SIGINT or SIGTERM.
  --json           Print each frame as a line of JSON. The first line is the roster.

Exit codes: 0 success, 1 failure (could not join or stay, or a message was not delivered), 2 usage error.
`;

/** Pause before a message is sent again, when the server is unavailable or its rate limit was hit. */
const retryMs = 1_000;
const maxRetries = 30;

interface TailOptions {
  readonly palaver: Palaver;
  readonly email: string | undefined;
  readonly token: string | undefined;
  readonly follow: boolean;
  readonly json: boolean;
}

/** @throws {UsageError} */
function readArguments(args: readonly string[]): TailOptions {
  const text = { type: 'string' } as const;
  const flag = { type: 'boolean', default: false } as const;
  const { values, positionals } = argumentsOf({
    args: [...args],
    allowPositionals: true,
    options: { email: text, token: text, follow: flag, json: flag },
  });
  const [url, ...more] = positionals;
  if (url === undefined || more.length > 0) throw new UsageError('Give one URL, such as http://127.0.0.1:3000');
  const { email, follow, json } = values;
  const token = values.token ?? (email === undefined ? process.env.PALAVER_TOKEN : undefined);
  if ((email === undefined) === (token === undefined)) throw new UsageError('Give --email or --token');
  try {
    return { palaver: new Palaver({ url }), email, token, follow, json };
  } catch (error) {
    throw new UsageError((error as Error).message);
  }
}

async function credentials({ palaver, email, token }: TailOptions, terminal: Terminal): Promise<JoinOptions> {
  if (email === undefined) return { token: token! };
  const password = process.env.PALAVER_PASSWORD ?? (await terminal.askPassword('Password: '));
  return { getToken: async () => (await palaver.login({ email, password })).token };
}

/** Indents the further lines of a message, which otherwise look like another message. */
const indented = (text: string): string => text.split('\n').map(readable).join('\n  ');
const rosterLine = (names: readonly string[]): string => `— ${names.length} online: ${names.map(readable).join(', ')}`;

function show(room: Room, print: (line: string) => void): void {
  const at = (sentAt: string): string => new Date(sentAt).toTimeString().slice(0, 8);
  print(rosterLine(room.roster));
  room.on('user_joined', ({ sent_at, msg }) => print(`${at(sent_at)} → ${readable(msg.username)}`));
  room.on('user_left', ({ sent_at, msg }) => print(`${at(sent_at)} ← ${readable(msg.username)}`));
  room.on('chat_message', ({ sent_at, msg }) =>
    print(`${at(sent_at)} ${readable(msg.from_user)}: ${indented(msg.text)}`),
  );
  room.on('users_online', ({ msg }) => {
    if (!msg.recovered) print('— messages may be missing here');
  });
  let isReconnecting = false;
  room.on('state', ({ state, reason }) => {
    // Once, not for each attempt to reconnect.
    if (state === 'reconnecting' && !isReconnecting) print(`— reconnecting: ${readable(reason?.detail ?? '')}`);
    if (state === 'open') print(rosterLine(room.roster));
    isReconnecting = state !== 'open';
  });
}

function showFrames(room: Room, print: (line: string) => void): void {
  const printLine = (frame: object): void => print(readable(JSON.stringify(frame)));
  printLine({ type: 'roster', msg: { list: room.roster } });
  for (const name of eventNames) room.on(name, printLine);
}

/** @throws {PalaverError} */
async function deliver(room: Room, text: string): Promise<void> {
  for (let retries = 0; ; retries += 1) {
    try {
      await room.send(text);
      return;
    } catch (error) {
      // The server refused the message, so another try can't deliver it twice.
      const code = error instanceof PalaverError ? error.code : undefined;
      if ((code !== 'rate_limited' && code !== 'unavailable') || retries === maxRetries) throw error;
      await delay(retryMs);
    }
  }
}

/** Sends each line after the previous one was delivered. Resolves with whether all were delivered. */
async function sendLines(room: Room, { lines, complain }: Terminal): Promise<boolean> {
  let all = true;
  for await (const line of lines) {
    if (line === '') continue;
    await deliver(room, line).catch((error: Error) => {
      all = false;
      complain(`Not delivered: ${readable(error.message)}`);
    });
    if (room.state === 'closed') break;
  }
  return all;
}

export const tail: Command = {
  usage,
  run: async (args) => {
    const options = readArguments(args);
    const leaving = new AbortController();
    const { signal } = leaving;
    const terminal = openTerminal(() => leaving.abort());
    signal.addEventListener('abort', terminal.close);
    for (const name of ['SIGINT', 'SIGTERM'] as const) process.once(name, () => leaving.abort());
    try {
      const room = await options.palaver.join({ ...(await credentials(options, terminal)), signal });
      const closed = new Promise<never>((_, reject) => {
        room.on('state', ({ reason, state }) => {
          if (state === 'closed' && reason) reject(new Error(reason.detail));
        });
      });
      const left = new Promise<true>((resolve) => signal.addEventListener('abort', () => resolve(true)));
      (options.json ? showFrames : show)(room, terminal.print);
      const sent = sendLines(room, terminal).then((all) => (options.follow ? left.then(() => all) : all));
      const isDone = await Promise.race([sent, closed, left]);
      await room.close();
      return isDone ? exitCodes.success : exitCodes.failure;
    } catch (error) {
      // The server may have written the message, which must not control the terminal.
      throw new Error(readable((error as Error).message));
    } finally {
      terminal.close();
    }
  },
};
