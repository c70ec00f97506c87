import type { Answer, Request } from '../../client/send.ts';
import { type Headers, upgrade } from '../../client/upgrade.ts';
import type { Kit } from '../../context/kit.ts';
import { NotTried } from '../../errors.ts';
import type { Operation } from '../../specs/http.ts';
import type { Specs } from '../../specs/index.ts';
import type { Case } from '../case.ts';
import { broken, needs, told } from '../http/answers.ts';

const protocolName = 'palaver.v1';

interface JoinAttempt {
  readonly headers?: Headers;
  /** Left out of the handshake. */
  readonly without?: string;
  readonly path?: string;
  readonly body?: string;
}

interface Variant {
  readonly name: string;
  readonly says: string;
  readonly attempt: (kit: Kit) => Promise<JoinAttempt>;
  /** Such as `101`, `401 missing_token`. */
  readonly want: string;
  /** The `Sec-WebSocket-Protocol` that a 101 must have; none by default. */
  readonly protocol?: string;
  /** The same without a handshake makes no sense. */
  readonly handshakeOnly?: boolean;
}

const bearer = (token: string): Headers => ({ Authorization: `Bearer ${token}` });
const offered = (...names: readonly string[]): Headers => ({ 'Sec-WebSocket-Protocol': names.join(', ') });

/** With Ann's token at hand. */
const withToken =
  (attempt: (token: string) => JoinAttempt): Variant['attempt'] =>
  async (kit) =>
    attempt((await kit.user('ann')).token);
const always =
  (attempt: JoinAttempt): Variant['attempt'] =>
  async () =>
    attempt;
/** The same token under another signature. */
const forged = (token: string): string => token.replace(/\.[^.]*$/, `.${'A'.repeat(43)}`);

const accepted: readonly Variant[] = [
  {
    name: 'header',
    says: 'a token in Authorization is accepted',
    attempt: withToken((token) => ({ headers: bearer(token) })),
    want: '101',
  },
  {
    name: 'subprotocol',
    says: 'a token in a subprotocol is accepted, and palaver.v1 is selected',
    attempt: withToken((token) => ({ headers: offered(protocolName, `bearer.${token}`) })),
    want: '101',
    protocol: protocolName,
  },
  {
    name: 'header-and-protocol',
    says: 'palaver.v1 is selected when it is offered beside a token in the header',
    attempt: withToken((token) => ({ headers: { ...bearer(token), ...offered(protocolName) } })),
    want: '101',
    protocol: protocolName,
  },
  {
    name: 'scheme-case',
    says: "the scheme's name is case-insensitive (RFC 9110, 11.1)",
    attempt: withToken((token) => ({ headers: { Authorization: `bearer ${token}` } })),
    want: '101',
  },
];

const refused: readonly Variant[] = [
  { name: 'no-token', says: 'a handshake without a token is refused', attempt: always({}), want: '401 missing_token' },
  {
    name: 'other-scheme',
    says: 'credentials of another scheme count as a missing token',
    attempt: always({ headers: { Authorization: 'Basic YTpi' } }),
    want: '401 missing_token',
  },
  {
    name: 'token-in-url',
    says: 'a token in the URL counts as a missing token',
    attempt: async (kit) => {
      const { token } = await kit.user('ann');
      return { path: `${kit.specs.chat.address}?token=${token}&access_token=${token}` };
    },
    want: '401 missing_token',
  },
  {
    name: 'bad-token',
    says: 'a malformed token is refused',
    attempt: always({ headers: bearer('contract.bad.token') }),
    want: '401 invalid_token',
  },
  {
    name: 'bad-subprotocol-token',
    says: 'a malformed token in a subprotocol is refused',
    attempt: always({ headers: offered(protocolName, 'bearer.contract.bad.token') }),
    want: '401 invalid_token',
  },
  {
    name: 'forged-token',
    says: 'a token with a wrong signature is refused',
    attempt: withToken((token) => ({ headers: bearer(forged(token)) })),
    want: '401 invalid_token',
  },
  {
    name: 'unsigned-token',
    says: 'an unsigned token is refused',
    attempt: withToken((token) => {
      const none = Buffer.from('{"alg":"none"}').toString('base64url');
      return { headers: bearer(`${none}.${token.split('.')[1]}.`) };
    }),
    want: '401 invalid_token',
  },
  {
    name: 'two-tokens',
    says: 'two different tokens in one handshake are refused',
    attempt: async (kit) => {
      const [ann, observer] = [await kit.user('ann'), await kit.user('observer')];
      return { headers: { ...bearer(ann.token), ...offered(protocolName, `bearer.${observer.token}`) } };
    },
    want: '401 invalid_token',
  },
  {
    name: 'no-key',
    says: 'a handshake without a key is refused',
    attempt: withToken((token) => ({ headers: bearer(token), without: 'Sec-WebSocket-Key' })),
    want: '400 malformed_handshake',
    handshakeOnly: true,
  },
  {
    name: 'bad-key',
    says: 'a handshake whose key is not 16 bytes in base64 is refused',
    attempt: withToken((token) => ({ headers: { ...bearer(token), 'Sec-WebSocket-Key': 'AAAA' } })),
    want: '400 malformed_handshake',
    handshakeOnly: true,
  },
  {
    name: 'protocol-twice',
    says: 'a handshake that offers a subprotocol twice is refused (RFC 6455, 4.1)',
    attempt: withToken((token) => ({ headers: { ...bearer(token), ...offered(protocolName, protocolName) } })),
    want: '400 malformed_handshake',
    handshakeOnly: true,
  },
  {
    name: 'version',
    says: 'a handshake of another version is answered 426',
    attempt: withToken((token) => ({ headers: { ...bearer(token), 'Sec-WebSocket-Version': '8' } })),
    want: '426 upgrade_required',
    handshakeOnly: true,
  },
];

const body: Variant = {
  name: 'body',
  says: 'a handshake with a body is refused, and its bytes are not read as frames',
  attempt: withToken((token) => ({ headers: bearer(token), body: 'x' })),
  want: '400 body_not_allowed',
};

function requestOf({ method, path }: Operation, attempt: JoinAttempt, handshake: boolean): Request {
  const { [attempt.without ?? '']: _, ...usual } = { ...(handshake ? upgrade : {}), ...attempt.headers };
  return {
    method,
    path: attempt.path ?? path,
    headers: usual,
    ...(attempt.body !== undefined && { body: attempt.body }),
  };
}

function checkProtocol(kit: Kit, request: Request, { headers }: Answer, want: string | undefined): void {
  const got = headers['sec-websocket-protocol'];
  if (got !== want)
    throw broken(kit, request, `the subprotocol ${got ?? 'none'} is answered, where it should be ${want ?? 'none'}`);
}

/** Sends the attempt as a handshake and, where that makes sense, as a plain request: an accepted one gets 426 then. */
export const handshakeCase = (
  operation: Operation,
  prefix: string,
  { name, says, attempt, want, protocol, handshakeOnly }: Variant,
): Case => ({
  id: `${prefix}.${name}`,
  says,
  run: async (kit) => {
    const [status, code] = want.split(' ');
    needs(operation, Number(status), code);
    const given = await attempt(kit);
    const request = requestOf(operation, given, true);
    const answer = await kit.ask(request);
    if (told(answer) !== want) throw broken(kit, request, `answered ${told(answer)}, where ${want} is due`);
    if (want === '101') checkProtocol(kit, request, answer, protocol);
    if (handshakeOnly || !operation.answers.has(426)) return;
    const plain = requestOf(operation, given, false);
    const due = want === '101' ? '426 upgrade_required' : want;
    const without = await kit.ask(plain);
    if (told(without) !== due)
      throw broken(kit, plain, `without a handshake: answered ${told(without)}, where ${due} is due`);
  },
});

/** Returns the requests to join with this token: by each method, with a handshake and without. */
export const joinRequests = ({ specs: { http, chat } }: Kit, token: string): Request[] =>
  http.operations
    .filter(({ path }) => path === chat.address)
    .flatMap((operation) =>
      [true, false].map((handshake) => requestOf(operation, { headers: bearer(token) }, handshake)),
    );

/** Returns the request for a stream of events with this token, if the contract has one. */
export const streamRequests = ({ specs: { chat } }: Kit, token: string): Request[] =>
  chat.events ? [{ method: 'GET', path: chat.events.address, headers: bearer(token) }] : [];

/** A page of another origin is refused, unless the operator allows all origins. */
const originCase = (operation: Operation, prefix: string, usual: Headers = upgrade): Case => ({
  id: `${prefix}.origin`,
  says: 'a page of an origin that is not allowed is refused',
  run: async (kit) => {
    needs(operation, 403, 'origin_not_allowed');
    const headers = { ...usual, ...bearer((await kit.user('ann')).token), Origin: 'https://contract.invalid' };
    const request = { method: operation.method, path: operation.path, headers };
    const answer = await kit.ask(request);
    if (answer.status < 300) throw new NotTried('this server allows every origin');
    if (told(answer) !== '403 origin_not_allowed') throw broken(kit, request, `answered ${told(answer)}`);
  },
});

/** Returns the cases for accepted and refused handshakes, by each method that the contract declares. */
export function handshakeCases({ http: { operations }, chat: { address, events } }: Specs): Case[] {
  const streams = operations.filter(({ path, method }) => path === events?.address && method === 'GET');
  return [
    ...operations
      .filter(({ path }) => path === address)
      .flatMap((operation) => {
        const prefix = operation.method === 'GET' ? 'ws.handshake' : `ws.handshake.${operation.method.toLowerCase()}`;
        const variants = [...accepted, ...refused, body].map((variant) => handshakeCase(operation, prefix, variant));
        return [...variants, originCase(operation, prefix)];
      }),
    ...streams.map((operation) => originCase(operation, `http.${operation.id}`, {})),
  ];
}
