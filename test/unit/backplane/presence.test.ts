import { describe, expect, it } from 'vitest';
import {
  addSession,
  createPresence,
  type Presence,
  publisherName,
  refusalOf,
  removeSession,
  removeUser,
  rosterOf,
} from '../../../src/backplane/presence.ts';

/** Removes a session, and its user at once if that was the last one. */
const leave = (presence: Presence, id: string): string | undefined =>
  removeSession(presence, id) ? removeUser(presence, id) : undefined;

type Step = ['join', id: string, username: string] | ['leave', id: string];

/** The results of the steps, and the roster at the end. */
const run = (steps: readonly Step[]) => {
  const presence = createPresence();
  const results = steps.map((step) =>
    step[0] === 'join' ? addSession(presence, { id: step[1], username: step[2] }) : leave(presence, step[1]),
  );
  return { results, roster: rosterOf(presence).map(({ username }) => username) };
};

const first = (username: string) => ({ first: true, username });
const further = (username: string) => ({ first: false, username });
const refused = { refusal: 'name_in_use' } as const;

describe('presence', () => {
  const cases: [string, { given: Step[]; want: ReturnType<typeof run> }][] = [
    ['is empty at first', { given: [], want: { results: [], roster: [] } }],
    [
      'lists users in join order, whatever their ids and names are',
      {
        given: [
          ['join', '10', 'Zoe'],
          ['join', '9', 'Bob'],
          ['join', '1', 'Ann'],
        ],
        want: { results: [first('Zoe'), first('Bob'), first('Ann')], roster: ['Zoe', 'Bob', 'Ann'] },
      },
    ],
    [
      'counts the sessions of a user, and removes the user with the last one',
      {
        given: [
          ['join', '1', 'Ann'],
          ['join', '1', 'Ann'],
          ['leave', '1'],
          ['leave', '1'],
          ['leave', '1'],
        ],
        want: { results: [first('Ann'), further('Ann'), undefined, 'Ann', undefined], roster: [] },
      },
    ],
    [
      'keeps the name of the first session until the last one ends',
      {
        given: [
          ['join', '1', 'Ann'],
          ['join', '1', 'Anna'],
          ['leave', '1'],
          ['leave', '1'],
          ['join', '1', 'Anna'],
        ],
        want: { results: [first('Ann'), further('Ann'), undefined, 'Ann', first('Anna')], roster: ['Anna'] },
      },
    ],
    [
      'refuses a name that differs only in form, and frees it with its holder',
      {
        given: [
          ['join', '1', 'Ann'],
          ['join', '2', 'ＡＮＮ'],
          ['leave', '1'],
          ['join', '2', 'ＡＮＮ'],
        ],
        want: { results: [first('Ann'), refused, 'Ann', first('ＡＮＮ')], roster: ['ＡＮＮ'] },
      },
    ],
    [
      'neither holds nor collides with the name of a further session',
      {
        given: [
          ['join', '1', 'Ann'],
          ['join', '2', 'Bob'],
          ['join', '1', 'Bob'],
          ['join', '1', 'Cleo'],
          ['join', '3', 'Cleo'],
        ],
        want: {
          results: [first('Ann'), first('Bob'), further('Ann'), further('Ann'), first('Cleo')],
          roster: ['Ann', 'Bob', 'Cleo'],
        },
      },
    ],
    [
      'puts a user that joins again last',
      {
        given: [
          ['join', '1', 'Ann'],
          ['join', '2', 'Bob'],
          ['leave', '1'],
          ['join', '1', 'Ann'],
        ],
        want: { results: [first('Ann'), first('Bob'), 'Ann', first('Ann')], roster: ['Bob', 'Ann'] },
      },
    ],
    ['ignores a user that never joined', { given: [['leave', '1']], want: { results: [undefined], roster: [] } }],
  ];
  for (const [behaviour, { given, want }] of cases) it(behaviour, () => expect(run(given)).toEqual(want));

  it('returns the same roster until somebody joins or leaves, and never changes an earlier one', () => {
    const presence = createPresence();
    const rosters = [rosterOf(presence)];
    const steps = [
      () => addSession(presence, { id: '1', username: 'Ann' }),
      () => addSession(presence, { id: '1', username: 'Ann' }),
      () => leave(presence, '1'),
      () => leave(presence, '1'),
    ];
    for (const step of steps) {
      step();
      rosters.push(rosterOf(presence));
    }
    const ann = { id: '1', username: 'Ann' };
    expect(rosters).toEqual([[], [ann], [ann], [ann], []]);
    expect(rosters[2]).toBe(rosters[1]);
    expect(rosters[3]).toBe(rosters[1]);
  });

  it('returns whether it would refuse, and changes nothing', () => {
    const presence = createPresence();
    addSession(presence, { id: '1', username: 'Ann' });
    const roster = rosterOf(presence);
    expect(refusalOf(presence, { id: '2', username: 'ann' })).toBe('name_in_use');
    expect(refusalOf(presence, { id: '2', username: 'Bob' })).toBe(undefined);
    expect(refusalOf(presence, { id: '1', username: 'Bob' })).toBe(undefined);
    expect(addSession(presence, { id: '2', username: 'ann' })).toEqual(refused);
    expect(rosterOf(presence)).toBe(roster);
  });
});

it('presence refuses a user’s session beyond the limit, until one has ended', () => {
  const presence = createPresence(2);
  const [ann, bob] = [
    { id: '1', username: 'Ann' },
    { id: '2', username: 'Bob' },
  ];
  const full = { refusal: 'too_many_sessions' };
  expect([addSession(presence, ann), addSession(presence, ann), addSession(presence, ann)]).toEqual([
    { first: true, username: 'Ann' },
    { first: false, username: 'Ann' },
    full,
  ]);
  expect(refusalOf(presence, ann)).toBe('too_many_sessions');
  expect([refusalOf(presence, bob), addSession(presence, bob)]).toEqual([undefined, { first: true, username: 'Bob' }]);
  leave(presence, '1');
  expect([addSession(presence, ann), addSession(presence, ann)]).toEqual([{ first: false, username: 'Ann' }, full]);
});

describe('the name of a user who publishes', () => {
  const inRoom = createPresence();
  addSession(inRoom, { id: '1', username: 'Ann' });
  addSession(inRoom, { id: '2', username: 'Bob' });
  // Bob may still reconnect.
  removeSession(inRoom, '2');
  const cases: [string, { given: { id: string; username: string }; want: string | undefined }][] = [
    ['is the token’s, outside the room', { given: { id: '9', username: 'Cleo' }, want: 'Cleo' }],
    ['is the room’s, for a member', { given: { id: '1', username: 'Ann' }, want: 'Ann' }],
    [
      'is the room’s, for a member with another name in its token',
      { given: { id: '1', username: 'Anna' }, want: 'Ann' },
    ],
    ['is the room’s, even if the token’s is another member’s', { given: { id: '1', username: 'BOB' }, want: 'Ann' }],
    ['is the room’s, for a member without a session', { given: { id: '2', username: 'Robert' }, want: 'Bob' }],
    ['is none where another member holds it', { given: { id: '9', username: 'Ann' }, want: undefined }],
    [
      'is none where another member holds it in another form',
      { given: { id: '9', username: 'ＡＮＮ' }, want: undefined },
    ],
    ['is none where a member without a session holds it', { given: { id: '9', username: 'bob' }, want: undefined }],
  ];
  it.each(cases)('%s', (_, { given, want }) => {
    const roster = rosterOf(inRoom);
    expect(publisherName(inRoom, given)).toBe(want);
    expect(rosterOf(inRoom)).toBe(roster);
  });

  it('is free again when its holder has left', () => {
    const presence = createPresence();
    addSession(presence, { id: '1', username: 'Ann' });
    leave(presence, '1');
    expect(publisherName(presence, { id: '9', username: 'ann' })).toBe('ann');
  });
});
