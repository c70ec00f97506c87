import type { WebSocketOptions } from './connection.ts';
import { PalaverError } from './error.ts';
import { type Call, Methods, type Operations } from './generated/index.ts';
import { type CallOptions, createCall } from './http.ts';
import { joinRoom } from './join-room.ts';
import { createNonce } from './nonce.ts';
import { dialPlatform, dialWith, type WebSocketConstructor } from './platform.ts';
import type { JoinOptions, Room } from './room.ts';
import { maxTimerMs } from './timing.ts';

export interface PalaverOptions {
  /** Address of the server, such as `http://127.0.0.1:3000`, or `https://example.com/chat` behind a proxy. */
  readonly url: string;
  /** Replaces the platform's own `fetch`. */
  readonly fetch?: typeof globalThis.fetch;
  /** Replaces the platform's own WebSocket. It gets the token as a subprotocol. */
  readonly WebSocket?: WebSocketConstructor;
  /** Time limit of one try of a call, one handshake or one message, in milliseconds. 30,000 if absent. */
  readonly timeoutMs?: number;
  /** Number of retries of a call that is safe to repeat. 2 if absent. */
  readonly maxRetries?: number;
  /** Silence after which the client checks the connection, in milliseconds. 30,000 if absent. */
  readonly heartbeatIntervalMs?: number;
}

/** Returns a URL in its normal form, or an empty text for something else. */
function hrefOf(text: string): string {
  try {
    return new URL(text).href;
  } catch {
    return '';
  }
}

/** @throws {TypeError} */
function baseUrl(text: string): string {
  // React Native's URL has `href` and little else.
  const [, scheme, host, path] = /^(https?:\/\/)(?:[^/?#]*@)?([^/?#]+)([^?#]*)/.exec(hrefOf(text)) ?? [];
  if (!scheme) throw new TypeError(`url: must be an http or https URL, not ${text}`);
  return `${scheme}${host}${path}`.replace(/\/+$/, '');
}

/**
 * Client of a Palaver server: a method for each operation of its contract, and the room.
 * @example
 * const palaver = new Palaver({ url: 'http://127.0.0.1:3000' });
 * const { token } = await palaver.login({ email: 'igor@example.com', password: 'correct horse' });
 * const room = await palaver.join({ token });
 * await room.send('Hello!');
 */
export class Palaver extends Methods<CallOptions> {
  protected override readonly call: Call<CallOptions>;
  readonly #join: (options: JoinOptions) => Promise<Room>;

  /** @throws {TypeError} if `url` is not an http or https URL */
  constructor({
    url,
    fetch = globalThis.fetch,
    WebSocket,
    timeoutMs = 30_000,
    maxRetries = 2,
    heartbeatIntervalMs = 30_000,
  }: PalaverOptions) {
    super();
    const base = baseUrl(url);
    const call = createCall({ url: base, fetch, timeoutMs, maxRetries });
    const atMost = (ms: number): number => Math.min(ms, maxTimerMs);
    /**
     * Calls `/join` without a handshake: the server answers with the reason of its refusal, or with 426 if it has none.
     */
    const whyRefused: WebSocketOptions['whyRefused'] = async (token, lastId, signal) => {
      const input = lastId === undefined ? {} : { last_event_id: lastId };
      const cause: unknown = await call('join', input, { token, maxRetries: 0, signal }).catch((reason) => reason);
      const { code } = Object(cause) as Partial<PalaverError>;
      if (cause instanceof PalaverError && code !== 'upgrade_required' && code !== 'timeout') return cause;
      const hint = code === 'upgrade_required' ? ' The server answers, so a proxy may block WebSockets.' : '';
      return new PalaverError('connection_failed', `Cannot open a WebSocket to ${base}.${hint}`, { cause });
    };
    const webSocket = {
      url: `${base.replace(/^http/, 'ws')}/join`,
      dial: WebSocket ? dialWith(WebSocket) : dialPlatform,
      whyRefused,
    };
    const room = {
      webSocket,
      events: { url: base, fetch, call },
      timeoutMs: atMost(timeoutMs),
      maxRetries,
      heartbeatIntervalMs: atMost(heartbeatIntervalMs),
    };
    this.call = call;
    this.#join = (options) => joinRoom(room, options);
  }

  /**
   * Publishes a message without joining the room: for backends, bots and scheduled jobs. Resolves with the frame that
   * everyone receives. The SDK chooses a `nonce` if you give none, and repeats the request after 429 and 503 and if no
   * answer comes: the server publishes the message once.
   *
   * Rejects with the codes of the operation `publish`, `timeout`, `aborted` and `connection_failed`.
   * @example
   * const { id } = await palaver.publish({ text: 'The build is green.' }, { token });
   */
  override publish(
    input: Operations['publish']['input'],
    options?: CallOptions,
  ): Promise<Operations['publish']['output']> {
    return super.publish({ ...input, nonce: input?.nonce ?? createNonce() }, options);
  }

  /**
   * Joins the chat room. Resolves once you are in the roster; rejects with the problem of a refused handshake. The room
   * reconnects by itself later on: listen to its `state`.
   *
   * Rejects with the codes of the operation `join`, `timeout`, `aborted`, `connection_failed` and `connection_lost`.
   * Rejects with `invalid_token` and no `status` if `token` or `getToken` gives no valid token.
   * @example
   * const room = await palaver.join({ getToken: async () => (await palaver.login(credentials)).token });
   */
  async join(options: JoinOptions): Promise<Room> {
    return this.#join(options);
  }
}
