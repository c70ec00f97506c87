import { setTimeout as sleep } from 'node:timers/promises';
import { createPatience } from '../client/patience.ts';
import { bodyRequest } from '../client/request-body.ts';
import { type Published, readFrame, type SeenAnswer } from '../client/seen.ts';
import { type Answer, type Request, send } from '../client/send.ts';
import { identityOf } from '../client/users.ts';
import { NotTried, Unfinished } from '../errors.ts';
import type { Specs } from '../specs/index.ts';

interface AskingDeps {
  readonly url: URL;
  readonly specs: Specs;
  readonly deadlineMs: number;
  /** Called after a request that opened a stream of events, which has been ended. */
  readonly onStream: (token: string) => void;
}

/** The requests of a run, and everything that was answered. */
export interface Asking {
  readonly answers: SeenAnswer[];
  readonly published: readonly Published[];
  /** @throws {Unfinished} where the time of the run is over */
  inTime(): void;
  /** Waits as long as an answer tells to, and says whether there is anything to wait for. */
  waitFor(answer: Answer): Promise<boolean>;
  ask(request: Request, wants?: number): Promise<Answer>;
  publish(token: string, body: unknown, wants?: number): Promise<Answer>;
}

const isStream = ({ status, headers }: Answer): boolean =>
  status === 200 && headers['content-type']?.startsWith('text/event-stream') === true;

const tokenOf = ({ headers = {} }: Request): string | undefined =>
  /^bearer (.+)$/i.exec(String(headers.Authorization))?.[1];

export function createAsking({ url, specs, deadlineMs, onStream }: AskingDeps): Asking {
  const answers: SeenAnswer[] = [];
  const published: Published[] = [];
  /** Passwords are hashed slowly on purpose, and on a busy machine very slowly. */
  const answerPatience = createPatience(30_000, 5_000, 2);

  function inTime(): void {
    if (Date.now() > deadlineMs) throw new Unfinished('the time ran out');
  }

  async function waitFor({ status, headers }: Answer): Promise<boolean> {
    const seconds = Number(headers['retry-after']);
    if (!(status === 429 || status === 503) || !(seconds >= 0)) return false;
    if (Date.now() + seconds * 1_000 > deadlineMs)
      throw new Unfinished(
        `the server answered ${status} with Retry-After: ${seconds}, which is longer than the time left`,
      );
    await sleep(seconds * 1_000);
    return true;
  }

  async function ask(request: Request, wants?: number): Promise<Answer> {
    for (let tries = 1; ; tries += 1) {
      inTime();
      const answer = await send(url, request, answerPatience.ms()).catch((error: unknown) => {
        answerPatience.missed();
        throw error;
      });
      answers.push({ request, answer });
      const token = isStream(answer) ? tokenOf(request) : undefined;
      if (token !== undefined) onStream(token);
      if (answer.status === wants || tries === 5 || !(await waitFor(answer))) return answer;
    }
  }

  async function publish(token: string, body: unknown, wants?: number): Promise<Answer> {
    const operation = specs.http.operations.find(({ id }) => id === 'publish');
    if (!operation) throw new NotTried('the contract has no publish');
    const request = bodyRequest(operation, JSON.stringify(body));
    const answer = await ask({ ...request, headers: { ...request.headers, Authorization: `Bearer ${token}` } }, wants);
    if (answer.status === 201) {
      const frame = readFrame(Buffer.from(answer.text), { line: 0 });
      published.push({ identity: identityOf(token), frame });
    }
    return answer;
  }

  return { answers, published, inTime, waitFor, ask, publish };
}
