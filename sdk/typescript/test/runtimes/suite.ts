/**
 * What the SDK promises wherever it runs. Without a framework and without imports: the SDK, the server and the network
 * between them are handed in, so it runs as it is in Node, Bun, Deno and a page.
 */
import type * as sdk from '../../src/index.ts';

export interface World {
  readonly sdk: typeof sdk;
  /** Where the server is, through a proxy that fails on demand. */
  readonly url: string;
  /** Cuts, stalls, … the proxy, or mints a token. */
  readonly control: (command: Command, ...args: unknown[]) => Promise<unknown>;
}

export type Command = 'cut' | 'stall' | 'resume' | 'delay' | 'down' | 'up' | 'mint';

export interface Outcome {
  readonly name: string;
  /** What went wrong; absent if nothing did. */
  readonly fault?: string;
}

const deadlineMs = 20_000;

function late(what: string): { promise: Promise<never>; clear: () => void } {
  let timer: ReturnType<typeof setTimeout>;
  const promise = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`waited ${deadlineMs / 1_000} s for ${what}`)), deadlineMs);
  });
  return { promise, clear: () => clearTimeout(timer) };
}

function equal(got: unknown, want: unknown): void {
  const [a, b] = [JSON.stringify(got), JSON.stringify(want)];
  if (a !== b) throw new Error(`got ${a}, not ${b}`);
}

export async function runSuite({ sdk, url, control }: World): Promise<Outcome[]> {
  const { Palaver, PalaverError } = sdk;
  /** Takes a third of it in silence for a lost connection. */
  const alert = new Palaver({ url, timeoutMs: 9_000 });
  const patient = new Palaver({ url });
  const password = 'correct horse';
  const rooms: sdk.Room[] = [];
  let people = 0;

  /** A user of its own, logged in. */
  async function person(name = `Person ${++people} of ${Math.random()}`) {
    const email = `${Math.random()}@example.com`;
    await patient.createUser({ email, username: name, password });
    const getToken = async (): Promise<string> => (await patient.login({ email, password })).token;
    return { name, email, getToken, token: await getToken() };
  }
  async function join(options: sdk.JoinOptions, by = patient): Promise<sdk.Room> {
    const room = await by.join(options);
    rooms.push(room);
    return room;
  }
  const codeOf = (promise: Promise<unknown>): Promise<sdk.PalaverErrorCode | 'nothing'> =>
    promise.then(
      () => 'nothing' as const,
      (error) => {
        if (!(error instanceof PalaverError)) throw error;
        return error.code;
      },
    );
  const states = (room: sdk.Room): string[] => {
    const seen: string[] = [];
    room.on('state', ({ state, reason }) => seen.push(reason ? `${state} ${reason.code}` : state));
    return seen;
  };
  const texts = (room: sdk.Room): string[] => {
    const heard: string[] = [];
    room.on('chat_message', ({ msg }) => heard.push(msg.text));
    return heard;
  };
  const inState = (room: sdk.Room, state: sdk.RoomState): Promise<void> =>
    new Promise((resolve) => {
      if (room.state === state) return resolve();
      const stop = room.on('state', (now) => {
        if (now.state !== state) return;
        stop();
        resolve();
      });
    });
  const inRoster = (room: sdk.Room, name: string, present: boolean): Promise<void> =>
    new Promise((resolve) => {
      const stop = room.on('roster', look);
      function look(): void {
        if (room.roster.includes(name) !== present) return;
        stop();
        resolve();
      }
      look();
    });

  const cases: Record<string, () => Promise<void>> = {
    'makes a user, logs in, and rejects with the problem': async () => {
      const { email, name } = await person();
      equal(await codeOf(patient.login({ email, password: 'wrong' })), 'invalid_credentials');
      equal(
        await codeOf(patient.createUser({ email: `${Math.random()}@b.c`, username: name, password })),
        'username_taken',
      );
      equal(await codeOf(patient.login({ email, password }, { signal: AbortSignal.abort() })), 'aborted');
    },

    'joins, and holds itself in its roster': async () => {
      const { name, token } = await person();
      const room = await join({ token });
      equal(room.state, 'open');
      equal(room.roster.includes(name), true);
      const again = await join({ token });
      equal(
        again.roster.filter((other) => other === name),
        [name],
      );
    },

    'says why a handshake was refused, also where the platform hides it': async () => {
      equal(await codeOf(join({ token: 'not.a.token' })), 'invalid_token');
      const { name } = await person();
      const stranger = String(await control('mint', { id: 'stranger', username: name }));
      await join({ token: String(await control('mint', { id: 'first', username: name })) });
      equal(await codeOf(join({ token: stranger })), 'name_in_use');
    },

    'sends what comes back, and streams it to everyone': async () => {
      const [ann, ben] = [await person(), await person()];
      const room = await join({ token: ann.token });
      const other = await join({ token: ben.token });
      const heard: string[] = [];
      const reading = (async () => {
        for await (const { msg } of other.messages()) heard.push(`${msg.from_user}: ${msg.text}`);
      })();
      const text = 'Grüße, 🜁 \u2028 "and" \\ more';
      const echo = await room.send(text);
      equal([echo.type, echo.msg.from_user, echo.msg.text], ['chat_message', ann.name, text]);
      equal(await codeOf(room.send('')), 'invalid_message');
      equal(await codeOf(room.send('x'.repeat(100_000))), 'invalid_message');
      await other.send('Bye');
      await other.close();
      await reading;
      equal(heard, [`${ann.name}: ${text}`, `${ben.name}: Bye`]);
      equal(await codeOf(other.send('late')), 'closed');
    },

    'is told of who comes and goes': async () => {
      const room = await join({ token: (await person()).token });
      const { name, token } = await person();
      const guest = await join({ token });
      await inRoster(room, name, true);
      await guest.close();
      equal(guest.state, 'closed');
      await inRoster(room, name, false);
    },

    'comes back after a cut, with a true roster': async () => {
      const { name, token } = await person();
      const room = await join({ token });
      const seen = states(room);
      await control('cut');
      await inState(room, 'reconnecting');
      await inState(room, 'open');
      equal(seen, ['reconnecting connection_lost', 'open']);
      equal(room.roster.includes(name), true);
      equal((await room.send('back')).msg.text, 'back');
    },

    'sends what was said offline, once and in order': async () => {
      const [ann, ben] = [await person(), await person()];
      const room = await join({ token: ann.token });
      await control('down');
      await inState(room, 'reconnecting');
      const sent = [1, 2, 3].map((n) => room.send(`${n}`));
      await control('up');
      await Promise.all(sent);
      const heard = (await Promise.all(sent)).map(({ msg, id }) => [id, msg.text] as const);
      equal(
        [...heard].sort(([a], [b]) => (a < b ? -1 : 1)),
        heard,
      );
      const other = await join({ token: ben.token });
      const stream = other.messages();
      await room.send('4');
      equal((await stream.next()).value?.msg.text, '4');
    },

    'resumes wherever it is cut off: nothing is lost, and nothing comes twice': async () => {
      const room = await join({ token: (await person()).token });
      const witness = await join({ token: (await person()).token });
      const [own, others] = [texts(room), texts(witness)];
      const sent: Promise<unknown>[] = [];
      const said: string[] = [];
      const say = (text: string): void => {
        said.push(text);
        sent.push(room.send(text));
      };
      await control('delay', 40);
      try {
        // On its way there, on its way back, or neither.
        for (const afterMs of [0, 30, 60, 90, 120]) {
          say(`${afterMs} one`);
          say(`${afterMs} two`);
          await new Promise((resolve) => setTimeout(resolve, afterMs));
          await control('cut');
          await inState(room, 'reconnecting');
          say(`${afterMs} meanwhile`);
          await inState(room, 'open');
        }
      } finally {
        await control('delay', 0);
      }
      await Promise.all(sent);
      await inState(witness, 'open');
      say('the end');
      while (!others.includes('the end')) await new Promise((resolve) => setTimeout(resolve, 20));
      equal(own, said);
      equal(others, said);
    },

    'says once what it said into a silence': async () => {
      const room = await join({ token: (await person()).token }, alert);
      const witness = await join({ token: (await person()).token });
      const heard = texts(witness);
      await control('stall');
      const sent = room.send('perhaps');
      await inState(room, 'reconnecting');
      await control('cut');
      await control('resume');
      equal((await sent).msg.text, 'perhaps');
      await inState(witness, 'open');
      await room.send('surely');
      while (!heard.includes('surely')) await new Promise((resolve) => setTimeout(resolve, 20));
      equal(heard, ['perhaps', 'surely']);
    },

    'asks for a new token when one has expired, and closes with a fixed one': async () => {
      const claims = { id: `${Math.random()}`, username: `Brief ${Math.random()}` };
      const expiring = (): Promise<unknown> => control('mint', { ...claims, exp: Math.floor(Date.now() / 1_000) - 3 });
      let asked = 0;
      const renewed = await join({
        getToken: async () => String(await (++asked === 1 ? expiring() : control('mint', claims))),
      });
      const renewals = states(renewed);
      await inState(renewed, 'reconnecting');
      await inState(renewed, 'open');
      equal([asked, renewals], [2, ['reconnecting token_expired', 'open']]);
      const fixed = await join({ token: String(await expiring()) });
      const ends = states(fixed);
      await inState(fixed, 'closed');
      equal(ends, ['closed token_expired']);
    },

    'hands a new token over before the old one ends, and stays': async () => {
      const claims = { id: `${Math.random()}`, username: `Brief ${Math.random()}` };
      const nowS = Math.floor(Date.now() / 1_000);
      let asked = 0;
      const stays = await join({
        getToken: async () => String(await control('mint', ++asked === 1 ? { ...claims, exp: nowS + 4 } : claims)),
      });
      const changes = states(stays);
      while (asked < 2) await new Promise((resolve) => setTimeout(resolve, 50));
      // Frames are answered in order: behind this echo the new token has been seen.
      await stays.send('still here');
      while (Date.now() < (nowS + 10) * 1_000) await new Promise((resolve) => setTimeout(resolve, 50));
      await stays.send('and still');
      equal([asked, changes], [2, []]);
    },

    'rejects where no server is': async () => {
      await control('down');
      const impatient = new Palaver({ url, maxRetries: 0 });
      const codes = await Promise.all([codeOf(impatient.healthz()), codeOf(impatient.join({ token: 'a' }))]);
      await control('up');
      equal(codes, ['connection_failed', 'connection_failed']);
    },
  };

  const outcomes: Outcome[] = [];
  for (const [name, run] of Object.entries(cases)) {
    const { promise, clear } = late(name);
    try {
      await Promise.race([run(), promise]);
      outcomes.push({ name });
    } catch (error) {
      outcomes.push({ name, fault: String(error) });
    } finally {
      clear();
      await Promise.all(rooms.splice(0).map((room) => room.close()));
    }
  }
  return outcomes;
}
