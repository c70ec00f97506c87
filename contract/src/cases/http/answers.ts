import type { Answer, Request } from '../../client/send.ts';
import type { Kit } from '../../context/kit.ts';
import { NotTried, Violation } from '../../errors.ts';
import type { Operation } from '../../specs/http.ts';
import { member } from '../../specs/schema.ts';

/** Returns the answer in short: `401 invalid_token`, or `200`. */
export const told = ({ status, json }: Pick<Answer, 'status' | 'json'>): string => {
  const code = member(json, 'code');
  return typeof code === 'string' && status >= 400 ? `${status} ${code}` : String(status);
};

/** Returns the JSON pointers of a problem's `errors`. */
export const pointersIn = ({ json }: Answer): unknown[] => {
  const errors = member(json, 'errors');
  return Array.isArray(errors) ? errors.map((error) => member(error, 'pointer')) : [];
};

export const broken = (kit: Kit, request: Request, what: string): Violation => new Violation(what, kit.curl(request));

/** @throws {NotTried} where the operation doesn't declare this answer */
export function needs({ id, answers }: Operation, status: number, code?: string): void {
  const codes = answers.get(status)?.codes;
  if (codes === undefined || (code !== undefined && !codes.includes(code)))
    throw new NotTried(`${id} declares no ${status}${code === undefined ? '' : ` ${code}`}`);
}

interface ExpectedAnswer {
  readonly status: number;
  /** The problem's code. Absent for a success, and for a refusal that declares none. */
  readonly code?: string | undefined;
}

/** Sends the request and returns its answer. @throws {Violation} where the status or the code differs */
export async function expectAnswer(
  kit: Kit,
  request: Request,
  what: string,
  { status, code }: ExpectedAnswer,
): Promise<Answer> {
  const answer = await kit.ask(request, status);
  const want = told({ status, json: { code } });
  if (told(answer) !== want) throw broken(kit, request, `${what}: answered ${told(answer)}, where ${want} is declared`);
  return answer;
}
