import type { Socket } from 'node:net';
import { encodeFrame } from './scripted-frames.ts';

/** A connection with a complete request. */
export interface Peer {
  readonly socket: Socket;
  readonly method: string;
  readonly path: string;
  readonly isHandshake: boolean;
  /** The answer that opens the WebSocket, as bytes to write. */
  readonly opening: string;
  answer(status: number, body: string, headers?: Readonly<Record<string, string>>): void;
  /** Text frames. */
  say(...frames: (object | string)[]): void;
  hear(onText: (text: string) => void, onClose?: () => void): void;
}

/** All connections of one client under test. */
export interface Run {
  readonly name: string;
  sockets: number;
  handshakes: number;
  readonly requests: string[];
  lastId: number;
  readonly memory: Map<string, number>;
}

type Script = (peer: Peer, run: Run) => void;

const sentAt = '2026-01-01T00:00:00.000Z';
const place = (run: Run) => ({ id: `${++run.lastId}`, sent_at: sentAt });
const usersOnline = (run: Run, more: object = {}) => ({
  type: 'users_online',
  ...place(run),
  msg: { list: ['Me'], ...more },
});
const chat = (run: Run, text: string, nonce?: string) => ({
  type: 'chat_message',
  ...place(run),
  msg: { from_user: 'Me', text, ...(nonce && { nonce }) },
});
const problem = (peer: Peer, status: number, code: string, more: object = {}): void =>
  peer.answer(
    status,
    JSON.stringify({ type: `urn:palaver:problem:${code}`, title: 'Refused', status, code, ...more }),
    {
      'Content-Type': 'application/problem+json',
    },
  );

/** Frames that no client can read, or that fit no type. */
const malformed: (object | string)[] = [
  ...['', '{', 'null', '[]', '5', '"text"', '{}', '['.repeat(100_000), '{"type":null}', '{"type":5,"msg":{}}'],
  ...['constructor', '__proto__', 'toString', 'hasOwnProperty'].map((type) => ({ type, id: {}, msg: null })),
  ...['users_online', 'user_joined', 'user_left', 'chat_message', 'error', 'token_refreshed'].flatMap((type) =>
    [undefined, null, 5, 'text', [], {}, { list: null }, { list: [5] }, { username: 5 }, { text: 'no name' }].map(
      (msg) => ({ type, id: '1', sent_at: sentAt, msg }),
    ),
  ),
  { type: 'users_online', sent_at: sentAt, msg: { list: ['No place'] } },
  { type: 'users_online', id: '5', sent_at: sentAt, msg: { list: ['Me'], recovered: 'yes' } },
  { type: 'chat_message', id: 5, sent_at: sentAt, msg: { from_user: 'Me', text: 'not told' } },
  { type: 'chat_message', id: 'x'.repeat(65), sent_at: sentAt, msg: { from_user: 'Me', text: 'not told' } },
  { type: 'chat_message', id: '\u0000', sent_at: sentAt, msg: { from_user: 'Me', text: 'not told' } },
  { type: 'error', sent_at: sentAt, msg: { code: 'rate_limited', detail: 'no', nonce: '1', retry_after_ms: 'soon' } },
];

/** Joins, and answers each message with its echo, unless `onText` answers it and returns true. */
function welcome(peer: Peer, run: Run, onText: (text: string, nonce: string) => boolean = () => false): void {
  peer.socket.write(peer.opening);
  peer.say(usersOnline(run));
  peer.hear((data) => {
    const { text, nonce } = JSON.parse(data).msg;
    if (onText(text, nonce)) return;
    if (text === '')
      return peer.say({ type: 'error', sent_at: sentAt, msg: { code: 'invalid_message', detail: 'Empty', nonce } });
    peer.say(chat(run, text, nonce));
  });
}

/** Returns a script of handshakes. Plain requests to `/join` get a valid answer. */
const door =
  (script: Script): Script =>
  (peer, run) =>
    peer.isHandshake ? script(peer, run) : problem(peer, 426, 'upgrade_required');

const cutAsAsked =
  (peer: Peer): ((text: string) => boolean) =>
  (text) => {
    if (text === 'cut') peer.socket.destroy();
    return text === 'cut';
  };

/** Rate limit of the contract: a burst, a rate per second, and a number of refusals. */
const limited = (refusals: number, tellsWhen: boolean): Script =>
  door((peer, run) => {
    let [credit, patience, atMs] = [40, refusals, Date.now()];
    welcome(peer, run, (_, nonce) => {
      credit = Math.min(40, credit + ((Date.now() - atMs) / 1_000) * 20);
      atMs = Date.now();
      credit -= 1;
      if (credit >= 0) return false;
      credit = Math.max(credit, 0);
      patience -= 1;
      if (patience < 0) peer.socket.end(encodeFrame(8, Buffer.from([0x03, 0xf0])));
      const when = tellsWhen ? { retry_after_ms: 60 } : {};
      peer.say({ type: 'error', sent_at: sentAt, msg: { code: 'rate_limited', detail: 'Too many', nonce, ...when } });
      return true;
    });
  });

/** Answers with a success that the contract does not declare. */
const notAnswers: readonly (readonly [status: number, body: string])[] = [
  ...['', '<html>', '[]', 'null', '{}', '{"id":1,"username":"A","token":"t"}', '{"token":null}'].map(
    (body) => [200, body] as const,
  ),
  [204, ''],
  [201, '{"id":"1"'],
];

export const scripts: Readonly<Record<string, Script>> = {
  kind: door((peer, run) => welcome(peer, run, cutAsAsked(peer))),

  malformed: door((peer, run) => {
    peer.socket.write(peer.opening);
    peer.socket.cork();
    peer.say(...malformed);
    peer.socket.write(encodeFrame(2, Buffer.from(JSON.stringify(usersOnline(run)))));
    const isBack = peer.path.includes('last_event_id');
    peer.say(usersOnline(run, isBack ? { recovered: true } : {}), ...malformed, chat(run, `welcome ${run.handshakes}`));
    peer.socket.uncork();
    peer.hear((data) => {
      const { text, nonce } = JSON.parse(data).msg;
      if (text === '')
        return peer.say({ type: 'error', sent_at: sentAt, msg: { code: 'invalid_message', detail: 'Empty', nonce } });
      peer.say(...malformed, chat(run, text, nonce), ...malformed);
      if (text !== 'cut') return;
      peer.say({ type: 'of_tomorrow', ...place(run) });
      peer.socket.end();
    });
  }),

  /** Cuts the first connection after a number of bytes, with which the run's name begins. */
  bytes: door((peer, run) => {
    if (run.handshakes > 1) return welcome(peer, run);
    const frames = [usersOnline(run), chat(run, 'said')].map((frame) =>
      encodeFrame(1, Buffer.from(JSON.stringify(frame))),
    );
    peer.socket.write(Buffer.concat([Buffer.from(peer.opening), ...frames]).subarray(0, Number.parseInt(run.name, 10)));
    peer.socket.end(() => peer.socket.destroy());
  }),

  /** Accepts a connection and sends nothing. */
  mute: () => {},

  /** Joins, and sends nothing more, not even an answer to a close. */
  silent: door((peer, run) => {
    peer.socket.write(peer.opening);
    peer.say(usersOnline(run));
    peer.hear(
      () => {},
      () => {},
    );
  }),

  /** Sends a close frame, and keeps the connection. */
  clinging: door((peer, run) => {
    if (run.handshakes > 1) return welcome(peer, run);
    peer.socket.write(peer.opening);
    peer.say(usersOnline(run));
    peer.socket.write(encodeFrame(8, Buffer.from([0x03, 0xe9])));
    peer.hear(
      () => {},
      () => {},
    );
  }),

  /** Redirects to the script `trap`, under another host name. */
  redirect: (peer, run) =>
    peer.answer(307, '', { Location: `http://localhost:${peer.socket.localPort}/trap/${run.name}${peer.path}` }),
  trap: (peer) => peer.answer(200, '{"id":"1","username":"A","token":"a.b.c"}'),

  /** The run's name begins with the status and the code. */
  refusing: (peer, run) => {
    const [status, code] = run.name.split('-') as [string, string];
    const errors = code === 'invalid_body' ? { errors: [{ pointer: '/password', detail: 'is too short' }] } : {};
    problem(peer, Number(status), code, errors);
  },

  /** Rejects every position in the stream. */
  placeless: (peer, run) => {
    if (peer.path.includes('last_event_id')) return problem(peer, 400, 'invalid_parameter');
    door((to) => welcome(to, run, cutAsAsked(to)))(peer, run);
  },

  flooding: door((peer, run) => {
    // Ids are compared as strings, so all of them are of one length.
    run.lastId = 100_000;
    welcome(peer, run);
    peer.socket.cork();
    for (let n = 0; n < 5_000; n += 1) {
      peer.say(malformed[n % 40]!, { type: 'user_joined', ...place(run), msg: { username: `Guest ${n}` } });
      peer.say({ type: 'user_left', ...place(run), msg: { username: `Guest ${n}` } });
    }
    peer.say(chat(run, 'behind it'));
    peer.socket.uncork();
  }),

  answering: (peer, run) => {
    const [status, body] = notAnswers[Math.min(run.requests.length, notAnswers.length) - 1]!;
    peer.answer(status, body, { 'Content-Type': 'application/json' });
  },

  /** Sends an endless answer. */
  endless: ({ socket }) => {
    socket.write('HTTP/1.1 200 OK\r\nAccess-Control-Allow-Origin: *\r\nContent-Type: application/json\r\n\r\n');
    const chunk = Buffer.alloc(65_536, ' ');
    const more = (): void => {
      while (!socket.destroyed && socket.write(chunk));
    };
    socket.on('drain', more);
    more();
  },

  limited: limited(200, true),
  /** Rate limit of the contract's first version: without `retry_after_ms`, and with fewer refusals. */
  strict: limited(20, false),

  /** The second attempt gets no answer. */
  hanging: (peer, run) => {
    if (run.handshakes !== 2) door((to) => welcome(to, run, cutAsAsked(to)))(peer, run);
  },
};
