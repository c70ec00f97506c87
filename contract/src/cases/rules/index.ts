import type { Case, Standing } from '../case.ts';
import { answers } from './answers.ts';
import { disabled } from './disabled.ts';
import { earlyFrames } from './early-frames.ts';
import { echo } from './echo.ts';
import { emailCase } from './email-case.ts';
import { errors } from './errors.ts';
import { exact } from './exact.ts';
import { firstFrame } from './first-frame.ts';
import { frameLimit, pageLimit } from './frame-limit.ts';
import { history } from './history.ts';
import { lastWords } from './last-words.ts';
import { logout } from './logout.ts';
import { namesake } from './namesake.ts';
import { nonces } from './nonces.ts';
import { order } from './order.ts';
import { consistent, presence } from './presence.ts';
import { recoveredTold, recovery } from './recovery.ts';
import { roster } from './roster.ts';
import { sessionLimit } from './session-limit.ts';
import { spoof } from './spoof.ts';
import { threeClients } from './three-clients.ts';
import { time } from './time.ts';
import { tokenExpiry } from './token-expiry.ts';
import { tokenRefresh } from './token-refresh.ts';

/** The rules of behaviour in a room, which no spec can express. */
export const rules: readonly Case[] = [
  // Before the one further login, so that this shows both.
  disabled,
  emailCase,
  ...presence,
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
  ...history,
  sessionLimit,
  tokenExpiry,
  ...tokenRefresh,
  frameLimit,
  pageLimit,
  // At the end: nobody has that token any more.
  logout,
];

/** The same, by all that was seen. */
export const standingRules = (url: URL): Standing[] => [
  ...answers(url),
  ...order,
  time,
  firstFrame,
  recoveredTold,
  roster,
  consistent,
];
