import type { Door, Seen } from '../client/seen.ts';
import type { Specs } from '../specs/index.ts';
import type { Case, Standing } from './case.ts';

/** Returns the id of a case or a rule for streams of events. */
const eventsId = (id: string): string => `${id}.events`;

/** Returns the same case, with sessions that are streams of events and publish over HTTP. */
export const throughEvents = (given: Case): Case => ({
  ...given,
  id: eventsId(given.id),
  says: `${given.says} (events)`,
  run: (kit) => given.run(kit.through('events')),
});

const sessionsOf = (seen: Seen, door: Door): Seen['sessions'] =>
  seen.sessions.filter((session) => session.door === door);

/** Returns the rule for WebSockets alone. */
const forWebSockets = (rule: Standing): Standing => ({
  ...rule,
  judge: (seen) => rule.judge({ ...seen, sessions: sessionsOf(seen, 'websocket') }),
});

/** Returns the rule for streams of events, which are compared with WebSockets, too. */
const forEvents = (rule: Standing): Standing => ({
  ...rule,
  id: eventsId(rule.id),
  says: `${rule.says} (events)`,
  judge: (seen) => rule.judge({ ...seen, sessions: sessionsOf(seen, 'events'), others: sessionsOf(seen, 'websocket') }),
});

/** Returns the rules for each door that the contract has. */
export const forEachDoor = (rules: readonly Standing[], hasEvents: boolean): Standing[] => [
  ...rules.map(forWebSockets),
  ...(hasEvents ? rules.map(forEvents) : []),
];

export const hasEvents = ({ chat }: Specs): boolean => chat.events !== undefined;
