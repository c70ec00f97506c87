import type { Specs } from '../../specs/index.ts';
import type { Case, Standing } from '../case.ts';
import { forEachDoor, hasEvents, throughEvents } from '../doors.ts';
import { answers } from './answers.ts';
import { disabled } from './disabled.ts';
import { earlyFrames } from './early-frames.ts';
import { echo } from './echo.ts';
import { emailCase } from './email-case.ts';
import { errors, errorsAloneOfEvents } from './errors.ts';
import { exact } from './exact.ts';
import { firstFrame } from './first-frame.ts';
import { frameLimit, pageLimit } from './frame-limit.ts';
import { history } from './history.ts';
import { idRules } from './ids.ts';
import { lastWords } from './last-words.ts';
import { logout } from './logout.ts';
import { namesake } from './namesake.ts';
import { nonces, ownNonce } from './nonces.ts';
import { order } from './order.ts';
import { consistent, departures, presence } from './presence.ts';
import { publish, publishLimit } from './publish.ts';
import { recoveredTold, recovery } from './recovery.ts';
import { roster } from './roster.ts';
import { sessionLimit } from './session-limit.ts';
import { spoof } from './spoof.ts';
import { threeClients } from './three-clients.ts';
import { time } from './time.ts';
import { tokenExpiry } from './token-expiry.ts';
import { tokenRefresh, tokenRefreshSurvives } from './token-refresh.ts';

/** Rules that a stream of events must keep like a WebSocket. */
const ofSessions: readonly Case[] = [...presence, echo, exact, spoof, threeClients, ownNonce, ...recovery];

/** Cases that wait for long, all at the same time. */
const longWaits = (events: boolean): readonly Case[] =>
  [
    departures.left,
    ...(events ? [departures.leftByEvents] : []),
    tokenExpiry,
    ...(events ? [throughEvents(tokenExpiry)] : []),
    tokenRefreshSurvives,
  ].map((each) => ({ ...each, beside: 'long' }));

/** Returns the rules of behaviour in a room, which no spec can express, through each door that the contract has. */
export function rules(specs: Specs): readonly Case[] {
  const events = hasEvents(specs);
  return [
    // Before the one further login, so that this shows both.
    disabled,
    emailCase,
    ...presence,
    ...longWaits(events),
    namesake,
    echo,
    exact,
    spoof,
    earlyFrames,
    lastWords,
    threeClients,
    ...errors,
    ...nonces,
    ...recovery,
    ...(events ? [...ofSessions.map(throughEvents), errorsAloneOfEvents] : []),
    ...history,
    sessionLimit,
    ...tokenRefresh,
    ...publish,
    frameLimit,
    pageLimit,
    publishLimit,
    // At the end: nobody has that token any more.
    logout,
  ];
}

/** Returns the same, by all that was seen. */
export const standingRules = (url: URL, { chat }: Pick<Specs, 'chat'>): Standing[] => [
  ...answers(url),
  ...forEachDoor(
    [...order, time, firstFrame, recoveredTold, roster, consistent, ...idRules(chat.server)],
    chat.events !== undefined,
  ),
];
