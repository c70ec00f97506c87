import type * as sdk from '../../src/index.ts';

export type Command = 'cut' | 'stall' | 'resume' | 'delay' | 'down' | 'up' | 'mint';

export interface World {
  readonly sdk: typeof sdk;
  /** Address of the server, through a proxy that fails on demand. */
  readonly url: string;
  /** Cuts, stalls, … the proxy, or mints a token. */
  readonly control: (command: Command, ...args: unknown[]) => Promise<unknown>;
  /** Transport of every room; `auto` if absent. */
  readonly transport?: sdk.Transport;
  /** Leaves out the cases that wait longest. */
  readonly isBrief?: boolean;
}

export type SuiteTools = ReturnType<typeof createTools>;

export const password = 'correct horse';

/** Waits until the room is in a state. */
export const inState = (room: sdk.Room, state: sdk.RoomState): Promise<void> =>
  new Promise((resolve) => {
    if (room.state === state) return resolve();
    const stop = room.on('state', (now) => {
      if (now.state !== state) return;
      stop();
      resolve();
    });
  });

/** Waits until a name is in the roster, or no longer. */
export const inRoster = (room: sdk.Room, name: string, present: boolean): Promise<void> =>
  new Promise((resolve) => {
    const stop = room.on('roster', look);
    function look(): void {
      if (room.roster.includes(name) !== present) return;
      stop();
      resolve();
    }
    look();
  });

export function createTools({ sdk: { Palaver, PalaverError }, url, control, transport }: World) {
  const patient = new Palaver({ url });
  const rooms: sdk.Room[] = [];
  let people = 0;

  /** Creates a user and logs in. */
  async function person(name = `Person ${++people} of ${Math.random()}`) {
    const email = `${Math.random()}@example.com`;
    await patient.createUser({ email, username: name, password });
    const getToken = async (): Promise<string> => (await patient.login({ email, password })).token;
    return { name, email, getToken, token: await getToken() };
  }
  async function join(options: sdk.JoinOptions, by = patient): Promise<sdk.Room> {
    const room = await by.join({ ...options, ...(transport && { transport }) });
    rooms.push(room);
    return room;
  }
  return {
    /** Counts a connection as lost after 3 seconds of silence: a third of the usual timeout. */
    alert: new Palaver({ url, timeoutMs: 9_000 }),
    patient,
    impatient: new Palaver({ url, maxRetries: 0 }),
    person,
    join,
    control,
    codeOf: (promise: Promise<unknown>): Promise<sdk.PalaverErrorCode | 'nothing'> =>
      promise.then(
        () => 'nothing' as const,
        (error) => {
          if (!(error instanceof PalaverError)) throw error;
          return error.code;
        },
      ),
    closeAll: (): Promise<unknown> => Promise.all(rooms.splice(0).map((room) => room.close())),
  };
}
