import { createHash } from 'node:crypto';
import type { SeenAnswer } from '../../client/seen.ts';
import { asCurl } from '../../client/send.ts';
import { member } from '../../specs/schema.ts';
import type { Standing } from '../case.ts';
import { told } from '../http/answers.ts';

const inShort = ({ request: { method, path }, answer }: SeenAnswer): string => `${method} ${path} → ${told(answer)}`;

/** Returns the rules about headers that schemas cannot express, and the rule that a problem's title fits its code. */
export function answers(url: URL): Standing[] {
  const rule = (
    id: string,
    says: string,
    concerns: (answer: SeenAnswer) => boolean,
    wrong: (answer: SeenAnswer) => string | undefined,
  ): Standing => ({
    id,
    says,
    judge: ({ answers }) => {
      const mine = answers.filter(concerns);
      for (const each of mine) {
        const what = wrong(each);
        if (what !== undefined) return { what: `${inShort(each)}: ${what}`, show: asCurl(url, each.request) };
      }
      return mine.length === 0 ? 'unseen' : undefined;
    },
  });
  const code = ({ answer }: SeenAnswer): unknown => member(answer.json, 'code');
  const titles = new Map<unknown, unknown>();

  return [
    rule(
      'rule.www-authenticate',
      '`Bearer` alone where no token was offered, with error="invalid_token" where one was refused (RFC 6750, 3)',
      (each) => code(each) === 'missing_token' || code(each) === 'invalid_token',
      (each) => {
        const due = code(each) === 'missing_token' ? 'Bearer' : 'Bearer error="invalid_token"';
        const got = each.answer.headers['www-authenticate'];
        return got === undefined || got === due ? undefined : `WWW-Authenticate is ${got}, where ${due} is due`;
      },
    ),
    rule(
      'rule.accept',
      'Sec-WebSocket-Accept matches the key (RFC 6455, 4.2.2)',
      ({ request, answer }) => answer.status === 101 && request.headers?.['Sec-WebSocket-Key'] !== undefined,
      ({ request, answer }) => {
        const key = `${String(request.headers?.['Sec-WebSocket-Key'])}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`;
        const due = createHash('sha1').update(key).digest('base64');
        const got = answer.headers['sec-websocket-accept'];
        return got === due ? undefined : `Sec-WebSocket-Accept is ${got}, where ${due} is due`;
      },
    ),
    rule(
      'rule.problem-title',
      "a problem's title is the same for every occurrence of its code (RFC 9457, 3.1.3)",
      (each) => each.answer.status >= 400 && typeof code(each) === 'string',
      (each) => {
        const title = member(each.answer.json, 'title');
        const first = titles.get(code(each)) ?? title;
        titles.set(code(each), first);
        return title === first
          ? undefined
          : `its title is ${JSON.stringify(title)}, and ${JSON.stringify(first)} before`;
      },
    ),
    rule(
      'rule.problem-status',
      'the status in a problem is that of the response (RFC 9457, 3.1.2)',
      (each) => each.answer.status >= 400 && typeof code(each) === 'string',
      ({ answer }) => {
        const status = member(answer.json, 'status');
        return status === answer.status ? undefined : `the body says ${String(status)}`;
      },
    ),
  ];
}
