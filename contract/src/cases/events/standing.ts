import { excerpt, type Seen, type SeenFrame, type SeenSession } from '../../client/seen.ts';
import type { EventsSpec } from '../../specs/chat.ts';
import type { Specs } from '../../specs/index.ts';
import { member } from '../../specs/schema.ts';
import type { Case, Standing } from '../case.ts';

interface Streamed {
  readonly session: SeenSession;
  readonly frame: SeenFrame;
}

const streams = ({ sessions }: Seen): SeenSession[] => sessions.filter(({ door }) => door === 'events');
const events = (seen: Seen): Streamed[] =>
  streams(seen).flatMap((session) => session.frames.map((frame) => ({ session, frame })));
const closes = (seen: Seen): Streamed[] =>
  streams(seen).flatMap((session) => session.closeEvents.map((frame) => ({ session, frame })));
const shown = ({ text }: SeenFrame): string => (text.length > 80 ? `${text.slice(0, 79)}…` : text);

interface RuleOfEvents {
  readonly id: Case['id'];
  readonly says: string;
  readonly of: (seen: Seen) => readonly Streamed[];
  /** Returns the violation, if there is one. */
  readonly wrong: (streamed: Streamed) => string | undefined;
}

/** Returns a rule for each of these events. */
const ruleOf = ({ id, says, of, wrong }: RuleOfEvents): Standing => ({
  id,
  says,
  judge: (seen) => {
    const all = of(seen);
    for (const each of all) {
      const what = wrong(each);
      if (what !== undefined)
        return { what: `${each.session.label}: ${what}`, show: excerpt(each.session, each.frame.line) };
    }
    return all.length === 0 ? 'unseen' : undefined;
  },
});

const isRecovered = ({ type, msg }: SeenFrame): boolean => type === 'users_online' && member(msg, 'recovered') === true;

/** Rules about the fields of an event. */
const fieldRules: readonly Standing[] = [
  ruleOf({
    id: 'rule.events.name',
    says: 'the event field is the type of the frame',
    of: events,
    wrong: ({ frame: { event, type } }) =>
      event?.name === type ? undefined : `an event named '${event?.name}' has a frame of the type '${type}'`,
  }),
  ruleOf({
    id: 'rule.events.one-line',
    says: 'the JSON of a frame is on one data line',
    of: events,
    wrong: ({ frame: { event, type } }) =>
      event?.lines === 1 ? undefined : `the JSON of ${type} is on ${event?.lines} data lines`,
  }),
  ruleOf({
    id: 'rule.events.id',
    says: 'the id line of an event is the id of its frame',
    of: (seen) => events(seen).filter(({ frame }) => !isRecovered(frame)),
    wrong: ({ frame: { event, type, id } }) =>
      (event?.id ?? '') === id
        ? undefined
        : event?.id === undefined
          ? `${type} with an id comes without an id line`
          : `${type} comes with the id line of something else`,
  }),
  ruleOf({
    id: 'rule.events.recovered-id',
    says: 'users_online has no id line if recovered is true, so that a reader resumes behind the last message it has',
    of: (seen) => events(seen).filter(({ frame }) => isRecovered(frame)),
    wrong: ({ frame: { event } }) =>
      event?.id === undefined ? undefined : 'a recovered users_online comes with an id line',
  }),
];

/** Rules about the end of a stream. */
function closeRules({ close }: EventsSpec, { chat, wrongWith }: Specs): Standing[] {
  const codes = close?.schema.properties?.code?.enum ?? [];
  return [
    ...codes.map(
      (code): Standing => ({
        id: `events.close.${String(code)}`,
        says: `the close code ${String(code)} occurs`,
        judge: (seen) => (streams(seen).some(({ closeCode }) => closeCode === code) ? undefined : 'unseen'),
      }),
    ),
    ruleOf({
      id: 'events.close.schema',
      says: 'every close event matches its schema',
      of: closes,
      wrong: ({ frame: { value } }) => {
        const wrong = close && wrongWith(value, 'asyncapi', close.at);
        return wrong === undefined ? undefined : `close: ${wrong}`;
      },
    }),
    ruleOf({
      id: 'rule.events.close-reason',
      says: 'the reason of a close event is the name of its code',
      of: closes,
      wrong: ({ frame: { value } }) => {
        const [code, reason] = [member(value, 'code'), member(value, 'reason')];
        const due = chat.closeNames.get(Number(code));
        return due === undefined || reason === due
          ? undefined
          : `close has the code ${String(code)} with the reason ${String(reason)}, where ${due} is due`;
      },
    }),
    {
      id: 'rule.events.close-last',
      says: 'a stream that the server ends has a close event, which is its last',
      judge: (seen) => {
        const ended = streams(seen).filter(({ closeCode, ending }) => closeCode !== undefined && !isOwnEnd(ending));
        for (const session of ended) {
          const [first, more] = session.closeEvents;
          if (!first) return { what: `${session.label}: a stream ends without a close event`, show: excerpt(session) };
          const later = more ?? session.frames.find(({ line }) => line > first.line);
          if (later) return { what: `${session.label}: an event follows close`, show: excerpt(session, later.line) };
        }
        return ended.length === 0 ? 'unseen' : undefined;
      },
    },
    {
      id: 'events.close.unprovoked',
      says: 'no stream is ended without a reason',
      judge: (seen) => {
        const found = streams(seen).find(({ closeCode, ending }) => closeCode !== undefined && ending === undefined);
        if (!found) return streams(seen).length === 0 ? 'unseen' : undefined;
        return {
          what: `a stream is ended with ${found.closeCode}, and the kit has given no reason`,
          show: excerpt(found),
        };
      },
    },
  ];
}

const isOwnEnd = (ending: SeenSession['ending']): boolean => ending === 'closed' || ending === 'dropped';

/** Returns the rules of the AsyncAPI document, and of the stream's format, that every event must keep. */
export function standingEvents(specs: Specs): Standing[] {
  const { chat, wrongWith } = specs;
  if (!chat.events) return [];
  const types = chat.events.frames.map(({ type }) => type);
  return [
    ...chat.events.frames.map(({ type, at }) =>
      ruleOf({
        id: `events.frame.${type}`,
        says: `every ${type} matches its schema`,
        of: (seen) => events(seen).filter(({ frame }) => frame.type === type),
        wrong: ({ frame: { value } }) => {
          const wrong = wrongWith(value, 'asyncapi', at);
          return wrong === undefined ? undefined : `${type}: ${wrong}`;
        },
      }),
    ),
    ruleOf({
      id: 'events.frame.undeclared',
      says: 'every event is JSON of a type that is declared for the stream',
      of: events,
      wrong: ({ frame }) =>
        types.includes(frame.type)
          ? undefined
          : frame.value === undefined
            ? `an event that is not JSON: ${shown(frame)}`
            : `an event of the type '${frame.type}', which is not declared`,
    }),
    ...fieldRules,
    ...closeRules(chat.events, specs),
  ];
}
