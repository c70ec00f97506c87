/** Implements as much of RFC 6455, 5.2 as is needed to change one frame and pass the others on unchanged. */

export interface Frame {
  readonly opcode: number;
  /** False for all but the last fragment of a message. */
  readonly fin: boolean;
  /** The payload, unmasked. */
  readonly payload: Buffer;
}

/** A frame of the room, as JSON. */
export interface Message {
  readonly type: string;
  readonly id?: string;
  readonly sent_at?: string;
  readonly msg: Readonly<Record<string, unknown>>;
}

const opcodes = { text: 1, binary: 2, close: 8 };
/**
 * A frame that announces a greater length is passed on without its payload, as a server with limits does not wait for
 * it either.
 */
const maxPayloadBytes = 1_048_576;

const whole = (opcode: number, payload: string | Uint8Array): Frame => ({
  opcode,
  fin: true,
  payload: Buffer.from(payload as string),
});
export const textFrame = (text: string): Frame => whole(opcodes.text, text);
export const binaryFrame = (text: string): Frame => whole(opcodes.binary, text);
export const messageFrame = (message: object): Frame => textFrame(JSON.stringify(message));
export function closeFrame(code: number): Frame {
  const payload = Buffer.alloc(2);
  payload.writeUInt16BE(code);
  return whole(opcodes.close, payload);
}

export const isText = ({ opcode, fin }: Frame): boolean => fin && opcode === opcodes.text;
export const isBinary = ({ opcode }: Frame): boolean => opcode === opcodes.binary;
/** Returns the code of a close frame; undefined for all other frames. */
export const closeCodeOf = ({ opcode, payload }: Frame): number | undefined =>
  opcode === opcodes.close && payload.length >= 2 ? payload.readUInt16BE(0) : undefined;

/** Returns the JSON object in a text frame; undefined if there is none. */
export function messageOf(frame: Frame): Message | undefined {
  if (!isText(frame)) return undefined;
  try {
    const value: unknown = JSON.parse(frame.payload.toString());
    return typeof value === 'object' && value !== null ? (value as Message) : undefined;
  } catch {
    return undefined;
  }
}

/** `mask` masks the frame, as a client must, with a key of zero. */
export function encode({ opcode, fin, payload }: Frame, mask: boolean): Buffer {
  const { length } = payload;
  const size = length < 126 ? 2 : length < 65_536 ? 4 : 10;
  const head = Buffer.alloc(size + (mask ? 4 : 0));
  head[0] = (fin ? 0x80 : 0) | opcode;
  head[1] = (mask ? 0x80 : 0) | (size === 2 ? length : size === 4 ? 126 : 127);
  if (size === 4) head.writeUInt16BE(length, 2);
  if (size === 10) head.writeBigUInt64BE(BigInt(length), 2);
  return Buffer.concat([head, payload]);
}

function decode(bytes: Buffer): { frame: Frame; end: number } | 'incomplete' | 'endless' {
  if (bytes.length < 2) return 'incomplete';
  const short = bytes[1]! & 0x7f;
  const size = short < 126 ? 2 : short === 126 ? 4 : 10;
  const masked = (bytes[1]! & 0x80) !== 0;
  const start = size + (masked ? 4 : 0);
  if (bytes.length < start) return 'incomplete';
  const length = size === 2 ? short : size === 4 ? bytes.readUInt16BE(2) : Number(bytes.readBigUInt64BE(2));
  if (length > maxPayloadBytes) return 'endless';
  const end = start + length;
  if (bytes.length < end) return 'incomplete';
  const payload = Buffer.from(bytes.subarray(start, end));
  if (masked) for (let at = 0; at < length; at += 1) payload[at]! ^= bytes[size + (at % 4)]!;
  return { frame: { opcode: bytes[0]! & 0x0f, fin: (bytes[0]! & 0x80) !== 0, payload }, end };
}

/** Cuts a stream into frames, each with its own bytes. Bytes that are not a frame are passed on alone. */
export function createDecoder(): (bytes: Buffer) => { frame?: Frame; bytes: Buffer }[] {
  let held: Buffer = Buffer.alloc(0);
  let endless = false;
  return (bytes) => {
    if (endless) return [{ bytes }];
    held = Buffer.concat([held, bytes]);
    const parts: { frame?: Frame; bytes: Buffer }[] = [];
    for (;;) {
      const next = decode(held);
      if (next === 'incomplete') return parts;
      if (next === 'endless') {
        endless = true;
        return [...parts, { bytes: held }];
      }
      parts.push({ frame: next.frame, bytes: held.subarray(0, next.end) });
      held = held.subarray(next.end);
    }
  };
}
