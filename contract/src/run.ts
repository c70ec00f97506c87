import { randomInt } from 'node:crypto';
import { type Case, resultOf, type Standing } from './cases/case.ts';
import { byteCases } from './cases/chat/bytes.ts';
import { frameCases } from './cases/chat/frames.ts';
import { handshakeCases } from './cases/chat/handshake.ts';
import { standingChat } from './cases/chat/standing.ts';
import { tokenCases } from './cases/chat/tokens.ts';
import { standingEvents } from './cases/events/standing.ts';
import { httpCases } from './cases/http/cases.ts';
import { standingHttp } from './cases/http/standing.ts';
import { rules, standingRules } from './cases/rules/index.ts';
import { NoAnswer, withoutTokens } from './client/send.ts';
import { createKit, type Kit } from './context/kit.ts';
import { CouldNotRun, NotTried, Unfinished, Violation } from './errors.ts';
import type { Report, Result } from './report.ts';
import { readSpecs, type Specs } from './specs/index.ts';
import { version } from './version.ts';

export interface KitOptions {
  /** Address of the server, such as `http://127.0.0.1:3000`. */
  readonly url: string;
  /** Files to read the specs from. The default is the server's own specs. */
  readonly openapi?: string;
  readonly asyncapi?: string;
  /** Tokens of two or more users, for a server without sign-up. */
  readonly tokens?: readonly string[];
  /** The secret that the server signs tokens with (HS256). Some cases need tokens that the kit signs itself. */
  readonly jwtSecret?: string;
  /** The operator's secret, for the admin operations. */
  readonly adminToken?: string;
  /** Seed of the random values. Random if absent; the report names it. */
  readonly seed?: number;
  /** Runs only the cases whose id is one of these, or begins with one of these and a dot. */
  readonly only?: readonly string[];
  /** Time in milliseconds after which no further case is tried. */
  readonly timeLimitMs?: number;
  /** Called before each case. */
  readonly onProgress?: (progress: Progress) => void;
}

export interface Progress {
  readonly id: string;
  readonly done: number;
  readonly all: number;
}

/** Cases to run, standing rules to judge at the end, and whether an id was requested. */
interface Plan {
  readonly cases: readonly Case[];
  readonly standing: readonly Standing[];
  readonly asked: (id: string) => boolean;
}

/** Enough for a slow server, and for one wait for a limit of a minute. */
const usualTimeLimitMs = 150_000;

function planFor(specs: Specs, url: URL, only: readonly string[] = []): Plan {
  const tries = [
    ...httpCases(specs),
    ...handshakeCases(specs),
    ...tokenCases(specs),
    ...frameCases(specs),
    ...byteCases(specs),
    ...rules(specs),
  ];
  const all = [...tries.filter(({ last }) => !last), ...tries.filter(({ last }) => last)];
  const standing = [
    ...standingHttp(specs, url),
    ...standingChat(specs),
    ...standingEvents(specs),
    ...standingRules(url, specs),
  ];
  const isOf = (prefix: string, id: string): boolean => id === prefix || id.startsWith(`${prefix}.`);
  const nothing = only.find((prefix) => ![...all, ...standing].some(({ id }) => isOf(prefix, id)));
  if (nothing !== undefined) throw new CouldNotRun(`There is no case ${nothing}: list the cases with --list`);
  const asked = (id: string): boolean => only.length === 0 || only.some((prefix) => isOf(prefix, id));
  const cases = all.filter(({ id }) => asked(id));
  // Standing rules judge all traffic, so there must be some: without a case of its own, the plan runs all.
  return { cases: cases.length > 0 ? cases : all, standing: standing.filter(({ id }) => asked(id)), asked };
}

async function prepare({ url, openapi, asyncapi, only }: KitOptions): Promise<Plan & { specs: Specs; base: URL }> {
  if (!URL.canParse(url) || !/^https?:$/.test(new URL(url).protocol))
    throw new CouldNotRun(`${url} is not an http or https URL`);
  const base = new URL(url);
  const specs = await readSpecs(base, { ...(openapi && { openapi }), ...(asyncapi && { asyncapi }) });
  return { ...planFor(specs, base, only), specs, base };
}

/** Returns the cases of this server's contract with their descriptions. */
export async function listCases(options: KitOptions): Promise<{ id: string; says: string }[]> {
  const { cases, standing, asked } = await prepare(options);
  return [...cases, ...standing].filter(({ id }) => asked(id)).map(({ id, says }) => ({ id, says }));
}

/** The outcome of a case. `end` is the reason why no further case can run. */
interface Attempt {
  readonly result: Result;
  readonly end?: string;
  readonly unfinished?: boolean;
}

/** Returns the cases in groups that run at the same time. */
function inGroups(cases: readonly Case[]): readonly (readonly Case[])[] {
  const groups: Case[][] = [];
  for (const each of cases) {
    const last = groups.at(-1);
    if (last && each.beside !== undefined && last[0]?.beside === each.beside) last.push(each);
    else groups.push([each]);
  }
  return groups;
}

/** Runs cases at the same time, then ends their sessions. */
async function triedTogether(cases: readonly Case[], kit: Kit): Promise<Attempt[]> {
  const settled = await Promise.allSettled(cases.map((each) => tried(each, kit)));
  await kit.endSessions();
  return settled.map((each) => {
    if (each.status === 'rejected') throw each.reason;
    return each.value;
  });
}

async function tried({ id, run }: Case, kit: Kit): Promise<Attempt> {
  try {
    await run(kit);
    return { result: { id, outcome: 'kept' } };
  } catch (error) {
    if (error instanceof NotTried)
      return {
        result: { id, outcome: 'not_tried', what: error.message },
        unfinished: error instanceof Unfinished,
      };
    if (!(error instanceof Violation || error instanceof NoAnswer)) throw error;
    const { message: what, show } = error;
    return {
      result: { id, outcome: 'broken', what, ...(show !== undefined && { show }) },
      ...(error instanceof NoAnswer && error.gone && { end: 'the server was no longer reachable' }),
    };
  }
}

/**
 * Tests a live server against its contract.
 * @throws {CouldNotRun} if the server is unreachable, its specs can't be read, or there are no users
 * @example const { results } = await runKit({ url: 'http://127.0.0.1:3000' });
 */
export async function runKit(options: KitOptions): Promise<Report> {
  const { tokens = [], jwtSecret, adminToken, onProgress } = options;
  const { timeLimitMs = usualTimeLimitMs, seed = randomInt(2 ** 31) } = options;
  const startedMs = Date.now();
  const deadlineMs = startedMs + timeLimitMs;
  const { cases, standing, asked, specs, base } = await prepare(options);
  if (tokens.length === 1)
    throw new CouldNotRun('One token is not enough: give --token twice or more, for different users');
  const kit = createKit({ url: base, specs, seed, tokens, jwtSecret, adminToken, deadlineMs });
  const withoutSecrets = (text: string): string =>
    withoutTokens(adminToken === undefined ? text : text.replaceAll(adminToken, '$ADMIN_TOKEN'));
  const results: Result[] = [];
  let why: string | undefined;
  let complete = true;
  try {
    for (const group of inGroups(cases)) {
      onProgress?.({ id: group[0]?.id ?? '', done: results.length, all: cases.length });
      if (Date.now() > deadlineMs) why ??= 'the time ran out';
      if (why !== undefined) {
        const what = why;
        complete = false;
        results.push(...group.map(({ id }): Result => ({ id, outcome: 'not_tried', what })));
        continue;
      }
      for (const { result, end, unfinished } of await triedTogether(group, kit)) {
        results.push(result);
        why ??= end;
        if (unfinished || end !== undefined) complete = false;
      }
    }
  } finally {
    await kit.end();
  }
  return {
    kit: version,
    url: base.href,
    seed,
    complete,
    durationMs: Date.now() - startedMs,
    requests: kit.seen.answers.length,
    frames: kit.seen.sessions.reduce((sum, { exchange }) => sum + exchange.length, 0),
    results: [...results.filter(({ id }) => asked(id)), ...standing.map((each) => resultOf(each, kit.seen))].map(
      ({ what, show, ...result }) => ({
        ...result,
        ...(what !== undefined && { what: withoutSecrets(what) }),
        ...(show !== undefined && { show: withoutSecrets(show) }),
      }),
    ),
    leftBehind: kit.leftBehind(),
  };
}
