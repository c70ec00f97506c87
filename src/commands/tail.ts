import { setTimeout as delay } from 'node:timers/promises';
import { eventNames, type JoinOptions, Palaver, PalaverError, type Room } from '@palaver/sdk';
import { readable } from '../lib/printable.ts';
import { argumentsOf } from './arguments.ts';
import { type Command, exitCodes, UsageError } from './command.ts';
import { openTerminal, type Terminal } from './terminal.ts';

const usage = `palaver tail URL [options]

Joins the room of the server at URL, prints who comes, goes and what is said, and says each line that it reads.
At the end of its input it leaves, once everything has come back.

  --email ADDRESS  logs in; the password is PALAVER_PASSWORD, or asked for: the first line of the input
  --token TOKEN    instead of that; or PALAVER_TOKEN, which other users of this machine can't see
  --follow         stays at the end of the input, until SIGINT or SIGTERM
  --json           prints frames, each as a line of JSON; the first says who is there

Exit code: 0 if it has left in order, 1 if it could not join or stay, or a line was not delivered, 2 for wrong usage.
`;

/** What a message waits for that came too often, or too early for the server; and how often. */
const retryMs = 1_000;
const maxRetries = 30;

interface Asked {
  readonly palaver: Palaver;
  readonly email: string | undefined;
  readonly token: string | undefined;
  readonly follow: boolean;
  readonly json: boolean;
}

/** @throws {UsageError} */
function readArguments(args: readonly string[]): Asked {
  const text = { type: 'string' } as const;
  const flag = { type: 'boolean', default: false } as const;
  const { values, positionals } = argumentsOf({
    args: [...args],
    allowPositionals: true,
    options: { email: text, token: text, follow: flag, json: flag },
  });
  const [url, ...more] = positionals;
  if (url === undefined || more.length > 0) throw new UsageError('palaver tail takes one URL');
  const { email, follow, json } = values;
  const token = values.token ?? (email === undefined ? process.env.PALAVER_TOKEN : undefined);
  if ((email === undefined) === (token === undefined)) throw new UsageError('palaver tail takes --email, or --token');
  try {
    return { palaver: new Palaver({ url }), email, token, follow, json };
  } catch (error) {
    throw new UsageError((error as Error).message);
  }
}

async function credentials({ palaver, email, token }: Asked, terminal: Terminal): Promise<JoinOptions> {
  if (email === undefined) return { token: token! };
  const password = process.env.PALAVER_PASSWORD ?? (await terminal.askPassword('Password: '));
  return { getToken: async () => (await palaver.login({ email, password })).token };
}

/** Further lines of a message can't be taken for another one. */
const indented = (text: string): string => text.split('\n').map(readable).join('\n  ');
const here = (names: readonly string[]): string => `— ${names.length} here: ${names.map(readable).join(', ')}`;

function show(room: Room, print: (line: string) => void): void {
  const at = (sentAt: string): string => new Date(sentAt).toTimeString().slice(0, 8);
  print(here(room.roster));
  room.on('user_joined', ({ sent_at, msg }) => print(`${at(sent_at)} → ${readable(msg.username)}`));
  room.on('user_left', ({ sent_at, msg }) => print(`${at(sent_at)} ← ${readable(msg.username)}`));
  room.on('chat_message', ({ sent_at, msg }) =>
    print(`${at(sent_at)} ${readable(msg.from_user)}: ${indented(msg.text)}`),
  );
  room.on('users_online', ({ msg }) => {
    if (!msg.recovered) print('— something may be missing here');
  });
  let isAway = false;
  room.on('state', ({ state, reason }) => {
    // Not for each time that it tries.
    if (state === 'reconnecting' && !isAway) print(`— away: ${readable(reason?.detail ?? '')}`);
    if (state === 'open') print(here(room.roster));
    isAway = state !== 'open';
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
      // It was not taken, so it can go once more.
      const code = error instanceof PalaverError ? error.code : undefined;
      if ((code !== 'rate_limited' && code !== 'unavailable') || retries === maxRetries) throw error;
      await delay(retryMs);
    }
  }
}

/** Says each line once the one before has come back; resolves with whether all have. */
async function say(room: Room, { lines, complain }: Terminal): Promise<boolean> {
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
    const asked = readArguments(args);
    const leaving = new AbortController();
    const { signal } = leaving;
    const terminal = openTerminal(() => leaving.abort());
    signal.addEventListener('abort', terminal.close);
    for (const name of ['SIGINT', 'SIGTERM'] as const) process.once(name, () => leaving.abort());
    try {
      const room = await asked.palaver.join({ ...(await credentials(asked, terminal)), signal });
      const closed = new Promise<never>((_, reject) => {
        room.on('state', ({ reason, state }) => {
          if (state === 'closed' && reason) reject(new Error(reason.detail));
        });
      });
      const left = new Promise<true>((resolve) => signal.addEventListener('abort', () => resolve(true)));
      (asked.json ? showFrames : show)(room, terminal.print);
      const said = say(room, terminal).then((all) => (asked.follow ? left.then(() => all) : all));
      const isDone = await Promise.race([said, closed, left]);
      await room.close();
      return isDone ? exitCodes.done : exitCodes.failed;
    } catch (error) {
      // The server has its part in the words.
      throw new Error(readable((error as Error).message));
    } finally {
      terminal.close();
    }
  },
};
