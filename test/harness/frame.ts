/** Writes and reads WebSocket frames as bytes, valid and invalid ones (RFC 6455, 5.2). */

export const opcodes = { continuation: 0x0, text: 0x1, binary: 0x2, close: 0x8, ping: 0x9, pong: 0xa } as const;

export interface FrameOptions {
  /** Whether it is the last frame of its message. True if absent. */
  readonly fin?: boolean;
  /** The reserved bits as a number; RSV1 is 4. */
  readonly rsv?: number;
  readonly masked?: boolean;
  /** Number of bits of the length field. The minimum if absent. */
  readonly lengthBits?: 16 | 64;
  /** Length to write in place of the payload's. */
  readonly length?: bigint;
}

/** No byte is zero, and no two are the same. */
const mask = Buffer.of(0x37, 0xfa, 0x21, 0x3d);

const masking = (bytes: Uint8Array, key: Uint8Array): Buffer =>
  Buffer.from(bytes.map((byte, at) => byte ^ key[at % 4]!));

/** Returns the second byte, and the extended length. */
function lengthField(length: bigint, bits: 16 | 64 | undefined): Buffer {
  if (bits === 64 || length > 65_535n) {
    const bytes = Buffer.of(127, 0, 0, 0, 0, 0, 0, 0, 0);
    bytes.writeBigUInt64BE(length, 1);
    return bytes;
  }
  if (bits === 16 || length > 125n) return Buffer.of(126, Number(length >> 8n), Number(length & 255n));
  return Buffer.of(Number(length));
}

/** Returns a frame: a valid one of a client unless the options change it. */
export function frame(
  opcode: number,
  payload: string | Uint8Array = '',
  { fin = true, rsv = 0, masked = true, lengthBits, length }: FrameOptions = {},
): Buffer {
  const bytes = Buffer.from(payload);
  const size = lengthField(length ?? BigInt(bytes.length), lengthBits);
  size[0]! |= masked ? 0x80 : 0;
  const first = Buffer.of((fin ? 0x80 : 0) | (rsv << 4) | opcode);
  return Buffer.concat(masked ? [first, size, mask, masking(bytes, mask)] : [first, size, bytes]);
}

export interface ReadFrame {
  /** Opcode with the reserved bits above it: a valid one is below 16. */
  readonly opcode: number;
  readonly masked: boolean;
  readonly payload: Buffer;
  /** Size of the whole frame in bytes. */
  readonly size: number;
}

/** Returns the first frame in these bytes, or undefined if it is incomplete. */
export function frameIn(bytes: Buffer): ReadFrame | undefined {
  const [first = 0, second = 0] = bytes;
  const masked = (second & 0x80) !== 0;
  const short = second & 0x7f;
  const lengthEnd = short === 127 ? 10 : short === 126 ? 4 : 2;
  const start = lengthEnd + (masked ? 4 : 0);
  if (bytes.length < start) return undefined;
  const length = lengthEnd === 10 ? Number(bytes.readBigUInt64BE(2)) : lengthEnd === 4 ? bytes.readUInt16BE(2) : short;
  const size = start + length;
  if (bytes.length < size) return undefined;
  const payload = bytes.subarray(start, size);
  return {
    opcode: first & 0x7f,
    masked,
    payload: masked ? masking(payload, bytes.subarray(lengthEnd, start)) : payload,
    size,
  };
}
