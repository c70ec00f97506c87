import {
  type ClientMessage,
  clientMessageSchemas,
  type ErrorCode,
  type ErrorMessage,
  type RosterUser,
  type ServerMessage,
  type TokenRefreshed,
  type UsersOnline,
} from '../../generated/chat/index.ts';
import type { Envelope, Member, Position } from '../backplane/backplane.ts';
import { detailOf } from '../errors.ts';

/** Encodes a whole text frame, header included (RFC 6455, 5.2). It is not masked, so it is the same for every session. */
const encode = (message: ServerMessage): Buffer => encodePayload(JSON.stringify(message));

function encodePayload(payload: string): Buffer {
  const length = Buffer.byteLength(payload);
  const headerLength = length < 126 ? 2 : length < 65_536 ? 4 : 10;
  const bytes = Buffer.allocUnsafe(headerLength + length);
  bytes[0] = 0x81;
  if (headerLength === 2) bytes[1] = length;
  else if (headerLength === 4) {
    bytes[1] = 126;
    bytes.writeUInt16BE(length, 2);
  } else {
    bytes[1] = 127;
    bytes.writeBigUInt64BE(BigInt(length), 2);
  }
  bytes.write(payload, headerLength);
  return bytes;
}

/** Returns the length of the header of the frame at this offset (RFC 6455, 5.2). Frames of a server are not masked. */
export const headerBytesAt = (bytes: Buffer, at: number): number => {
  const length = bytes[at + 1]!;
  return length < 126 ? 2 : length === 126 ? 4 : 10;
};

/** Returns the length of the frame at this offset, header included. */
export function lengthOfFrameAt(bytes: Buffer, at: number): number {
  const length = bytes[at + 1]!;
  if (length < 126) return 2 + length;
  return length === 126 ? 4 + bytes.readUInt16BE(at + 2) : 10 + Number(bytes.readBigUInt64BE(at + 2));
}

type FrameIn<Of extends Envelope> = Extract<ServerMessage, { type: Of['frame']['type'] }>;

/** Returns a frame of the room's stream as every session receives it. */
export const frameOf = <Of extends Envelope>({ id, sentAt, frame }: Of): FrameIn<Of> =>
  ({ type: frame.type, id, sent_at: sentAt, msg: frame.msg }) as FrameIn<Of>;

/** Encodes a frame of the room's stream, as every session receives it. */
export const encodeEnvelope = (envelope: Envelope): Buffer => encode(frameOf(envelope));

/** JSON of a member: its item of `list`, and its item of `users`. A member is the same object in every roster. */
const rosterItems = new WeakMap<Member, readonly [name: string, user: string]>();

function rosterItemsOf(member: Member): readonly [name: string, user: string] {
  const known = rosterItems.get(member);
  if (known) return known;
  const user: RosterUser = { username: member.username, user_id: member.id };
  const items = [JSON.stringify(member.username), JSON.stringify(user)] as const;
  rosterItems.set(member, items);
  return items;
}

/**
 * Encodes the first frame of a session: the roster at the position at which it joined. In a storm of joins rosters are
 * long and many, so the JSON of a member is made once.
 * @param recovered Whether the missed messages follow; absent if the client asked for none
 */
export function encodeUsersOnline({ id, sentAt, roster }: Position, recovered?: boolean): Buffer {
  const items = roster.map(rosterItemsOf);
  const list = items.map(([name]) => name).join();
  const users = items.map(([, user]) => user).join();
  const head: Omit<UsersOnline, 'msg'> = { type: 'users_online', id, sent_at: sentAt };
  const recovery = recovered === undefined ? '' : `,"recovered":${recovered}`;
  return encodePayload(`${JSON.stringify(head).slice(0, -1)},"msg":{"list":[${list}],"users":[${users}]${recovery}}}`);
}

/** Error that answers a client's frame. */
export interface FrameRefusal {
  readonly code: ErrorCode;
  readonly detail: string;
  /** Nonce of that frame, if it has one. */
  readonly nonce?: string | undefined;
  /** Milliseconds until a frame is allowed again; only with `rate_limited`. */
  readonly retryAfterMs?: number;
}

export const encodeError = ({ code, detail, nonce, retryAfterMs }: FrameRefusal): Buffer =>
  encode({
    type: 'error',
    sent_at: new Date().toISOString(),
    msg: {
      code,
      detail,
      ...(nonce !== undefined && { nonce }),
      ...(retryAfterMs !== undefined && { retry_after_ms: retryAfterMs }),
    },
  } satisfies ErrorMessage);

/** Encodes the answer to a new token. @param expiresAtMs When the token expires, in milliseconds since 1970 */
export const encodeTokenRefreshed = (expiresAtMs: number, nonce?: string): Buffer =>
  encode({
    type: 'token_refreshed',
    sent_at: new Date().toISOString(),
    msg: { expires_at: new Date(expiresAtMs).toISOString(), ...(nonce !== undefined && { nonce }) },
  } satisfies TokenRefreshed);

const nonceSchema = clientMessageSchemas.chat_message.shape.msg.shape.nonce;

/** Returns the nonce of a frame that is refused for another reason. */
function nonceOf(frame: object): string | undefined {
  const msg: unknown = Reflect.get(frame, 'msg');
  if (typeof msg !== 'object' || msg === null) return undefined;
  return nonceSchema.safeParse(Reflect.get(msg, 'nonce')).data;
}

/** Decodes a client's frame, or says why it is refused. Unknown properties are ignored. */
export function decode(text: string): { message: ClientMessage } | { refusal: FrameRefusal } {
  let frame: unknown;
  try {
    frame = JSON.parse(text);
  } catch {
    return { refusal: { code: 'malformed_json', detail: 'The frame is not JSON.' } };
  }
  if (typeof frame !== 'object' || frame === null || Array.isArray(frame)) {
    return { refusal: { code: 'invalid_message', detail: 'The frame is not a JSON object.' } };
  }
  const type: unknown = Reflect.get(frame, 'type');
  if (typeof type !== 'string') {
    const detail = `type: ${type === undefined ? 'is missing' : 'must be a string'}`;
    return { refusal: { code: 'invalid_message', detail, nonce: nonceOf(frame) } };
  }
  if (!Object.hasOwn(clientMessageSchemas, type)) {
    return {
      refusal: {
        code: 'unknown_type',
        detail: `type: must be ${Object.keys(clientMessageSchemas).join(' or ')}`,
        nonce: nonceOf(frame),
      },
    };
  }
  const result = clientMessageSchemas[type as ClientMessage['type']].safeParse(frame);
  if (result.success) return { message: result.data };
  return { refusal: { code: 'invalid_message', detail: detailOf(result.error.issues), nonce: nonceOf(frame) } };
}
