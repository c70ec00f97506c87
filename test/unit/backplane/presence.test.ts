import { describe, expect, it } from 'vitest';
import {
  createPresence,
  enter,
  type Presence,
  refusalOf,
  remove,
  rosterOf,
  leave as takeSession,
} from '../../../src/backplane/presence.ts';

/** As one leaves who is not waited for. */
const leave = (presence: Presence, id: string): string | undefined =>
  takeSession(presence, id) ? remove(presence, id) : undefined;

type Step = ['enter', id: string, username: string] | ['leave', id: string];

/** The results of the steps, and the roster at the end. */
const run = (steps: readonly Step[]) => {
  const presence = createPresence();
  const results = steps.map((step) =>
    step[0] === 'enter' ? enter(presence, { id: step[1], username: step[2] }) : leave(presence, step[1]),
  );
  return { results, roster: rosterOf(presence) };
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
          ['enter', '10', 'Zoe'],
          ['enter', '9', 'Bob'],
          ['enter', '1', 'Ann'],
        ],
        want: { results: [first('Zoe'), first('Bob'), first('Ann')], roster: ['Zoe', 'Bob', 'Ann'] },
      },
    ],
    [
      'counts the sessions of a user and tells the last leave from the others',
      {
        given: [
          ['enter', '1', 'Ann'],
          ['enter', '1', 'Ann'],
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
          ['enter', '1', 'Ann'],
          ['enter', '1', 'Anna'],
          ['leave', '1'],
          ['leave', '1'],
          ['enter', '1', 'Anna'],
        ],
        want: { results: [first('Ann'), further('Ann'), undefined, 'Ann', first('Anna')], roster: ['Anna'] },
      },
    ],
    [
      'refuses a name that differs only in form, and frees it with its holder',
      {
        given: [
          ['enter', '1', 'Ann'],
          ['enter', '2', 'ＡＮＮ'],
          ['leave', '1'],
          ['enter', '2', 'ＡＮＮ'],
        ],
        want: { results: [first('Ann'), refused, 'Ann', first('ＡＮＮ')], roster: ['ＡＮＮ'] },
      },
    ],
    [
      'neither holds nor collides with the name of a further session',
      {
        given: [
          ['enter', '1', 'Ann'],
          ['enter', '2', 'Bob'],
          ['enter', '1', 'Bob'],
          ['enter', '1', 'Cleo'],
          ['enter', '3', 'Cleo'],
        ],
        want: {
          results: [first('Ann'), first('Bob'), further('Ann'), further('Ann'), first('Cleo')],
          roster: ['Ann', 'Bob', 'Cleo'],
        },
      },
    ],
    [
      'puts who comes back last',
      {
        given: [
          ['enter', '1', 'Ann'],
          ['enter', '2', 'Bob'],
          ['leave', '1'],
          ['enter', '1', 'Ann'],
        ],
        want: { results: [first('Ann'), first('Bob'), 'Ann', first('Ann')], roster: ['Bob', 'Ann'] },
      },
    ],
    ['knows nothing of who never came', { given: [['leave', '1']], want: { results: [undefined], roster: [] } }],
  ];
  for (const [behaviour, { given, want }] of cases) it(behaviour, () => expect(run(given)).toEqual(want));

  it('gives the same roster until somebody joins or leaves, and leaves an earlier one as it was', () => {
    const presence = createPresence();
    const rosters = [rosterOf(presence)];
    const steps = [
      () => enter(presence, { id: '1', username: 'Ann' }),
      () => enter(presence, { id: '1', username: 'Ann' }),
      () => leave(presence, '1'),
      () => leave(presence, '1'),
    ];
    for (const step of steps) {
      step();
      rosters.push(rosterOf(presence));
    }
    expect(rosters).toEqual([[], ['Ann'], ['Ann'], ['Ann'], []]);
    expect(rosters[2]).toBe(rosters[1]);
    expect(rosters[3]).toBe(rosters[1]);
  });

  it('says how it would refuse and changes nothing', () => {
    const presence = createPresence();
    enter(presence, { id: '1', username: 'Ann' });
    const roster = rosterOf(presence);
    expect(refusalOf(presence, { id: '2', username: 'ann' })).toBe('name_in_use');
    expect(refusalOf(presence, { id: '2', username: 'Bob' })).toBe(undefined);
    expect(refusalOf(presence, { id: '1', username: 'Bob' })).toBe(undefined);
    expect(enter(presence, { id: '2', username: 'ann' })).toEqual(refused);
    expect(rosterOf(presence)).toBe(roster);
  });
});

it('presence lets a user have so many sessions, and one more when one has ended', () => {
  const presence = createPresence(2);
  const [ann, bob] = [
    { id: '1', username: 'Ann' },
    { id: '2', username: 'Bob' },
  ];
  const full = { refusal: 'too_many_sessions' };
  expect([enter(presence, ann), enter(presence, ann), enter(presence, ann)]).toEqual([
    { first: true, username: 'Ann' },
    { first: false, username: 'Ann' },
    full,
  ]);
  expect(refusalOf(presence, ann)).toBe('too_many_sessions');
  expect([refusalOf(presence, bob), enter(presence, bob)]).toEqual([undefined, { first: true, username: 'Bob' }]);
  leave(presence, '1');
  expect([enter(presence, ann), enter(presence, ann)]).toEqual([{ first: false, username: 'Ann' }, full]);
});
