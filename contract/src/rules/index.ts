import type { Case, Standing } from '../cases.ts';
import { answers } from './answers.ts';
import { earlyFrames } from './early-frames.ts';
import { echo } from './echo.ts';
import { emailCase } from './email-case.ts';
import { errors } from './errors.ts';
import { exact } from './exact.ts';
import { firstFrame } from './first-frame.ts';
import { frameLimit } from './frame-limit.ts';
import { lastWords } from './last-words.ts';
import { namesake } from './namesake.ts';
import { order } from './order.ts';
import { consistent, presence } from './presence.ts';
import { roster } from './roster.ts';
import { sessionLimit } from './session-limit.ts';
import { spoof } from './spoof.ts';
import { threeClients } from './three-clients.ts';
import { time } from './time.ts';
import { tokenExpiry } from './token-expiry.ts';

/** What no spec can say of a server, each tried by what it does in a room. */
export const rules: readonly Case[] = [
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
  sessionLimit,
  tokenExpiry,
  frameLimit,
];

/** The same, by all that was seen. */
export const standingRules = (url: URL): Standing[] => [
  ...answers(url),
  ...order,
  time,
  firstFrame,
  roster,
  consistent,
];
