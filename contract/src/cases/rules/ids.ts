import { excerpt, type Seen, type SeenFrame, type SeenSession } from '../../client/seen.ts';
import type { DeclaredFrame } from '../../specs/chat.ts';
import { member } from '../../specs/schema.ts';
import type { Standing } from '../case.ts';

/** Frames that name one user: its name, and its id. */
const naming: Readonly<Record<string, readonly [name: string, id: string]>> = {
  chat_message: ['from_user', 'from_user_id'],
  user_joined: ['username', 'user_id'],
  user_left: ['username', 'user_id'],
};

/** Returns whether a contract declares a member of a frame's `msg`. */
const declares = (server: readonly DeclaredFrame[], type: string, name: string): boolean =>
  server.find((frame) => frame.type === type)?.schema.properties?.msg?.properties?.[name] !== undefined;

type Wrong = (frame: SeenFrame, ids: ReadonlyMap<string, string>) => string | undefined;

/** Returns the rules about the ids of users, as far as the contract declares them. */
export function idRules(server: readonly DeclaredFrame[]): Standing[] {
  const named = Object.entries(naming).filter(([type, [, id]]) => declares(server, type, id));
  const rule = (id: string, says: string, types: readonly string[], wrong: Wrong): Standing => ({
    id,
    says,
    judge: (seen) => {
      const ids = identities(seen);
      let isSeen = false;
      for (const session of seen.sessions)
        for (const frame of session.frames.filter(({ type }) => types.includes(type))) {
          isSeen = true;
          const what = wrong(frame, ids);
          if (what !== undefined) return found(session, frame, what);
        }
      return isSeen ? undefined : 'unseen';
    },
  });
  const types = named.map(([type]) => type);
  return [
    ...(types.length > 0
      ? [rule('rule.ids.own', "a frame names a user with the id of the user's token", types, wrongId)]
      : []),
    ...(declares(server, 'users_online', 'users')
      ? [
          rule(
            'rule.ids.roster',
            'users has the users of list in the same order, with their ids',
            ['users_online'],
            wrongUsers,
          ),
        ]
      : []),
  ];
}

const found = (session: SeenSession, frame: SeenFrame, what: string): { what: string; show: string } => ({
  what: `${session.label}: ${what}`,
  show: excerpt(session, frame.line),
});

/** Returns the ids of the users whose tokens the kit has. */
function identities({ sessions, others = [], published }: Seen): ReadonlyMap<string, string> {
  const all = [...sessions, ...others, ...published].flatMap(({ identity }) => (identity ? [identity] : []));
  return new Map(all.map(({ username, id }) => [username, id]));
}

function wrongId({ type, msg }: SeenFrame, ids: ReadonlyMap<string, string>): string | undefined {
  const [name = '', id = ''] = naming[type] ?? [];
  const [username, got] = [String(member(msg, name)), member(msg, id)];
  if (got === undefined) return `${type} has no ${id}`;
  const due = ids.get(username);
  return due === undefined || got === due ? undefined : `${id} of ${type} is ${String(got)}, where ${due} is due`;
}

function wrongUsers({ msg }: SeenFrame, ids: ReadonlyMap<string, string>): string | undefined {
  const [list, users] = [member(msg, 'list'), member(msg, 'users')];
  if (!Array.isArray(list)) return undefined;
  if (!Array.isArray(users)) return 'users_online has no users';
  const names = users.map((user) => member(user, 'username'));
  if (JSON.stringify(names) !== JSON.stringify(list)) return `users are ${JSON.stringify(names)}, and list is another`;
  const wrong = users.find((user) => {
    const due = ids.get(String(member(user, 'username')));
    return due !== undefined && member(user, 'user_id') !== due;
  });
  return wrong === undefined ? undefined : `the roster has ${JSON.stringify(wrong)}, whose id is another`;
}
