/** Returns a WebSocket frame as a server sends it: final and unmasked. */
export function encodeFrame(opcode: number, payload: Buffer): Buffer {
  const { length } = payload;
  if (length < 126) return Buffer.concat([Buffer.from([0x80 | opcode, length]), payload]);
  const head = Buffer.alloc(length < 65_536 ? 4 : 10);
  head[0] = 0x80 | opcode;
  head[1] = length < 65_536 ? 126 : 127;
  if (length < 65_536) head.writeUInt16BE(length, 2);
  else head.writeBigUInt64BE(BigInt(length), 2);
  return Buffer.concat([head, payload]);
}

/** Reads the masked frames of a client, from chunks of any size. */
export function frameReader(): (chunk: Buffer) => { opcode: number; payload: Buffer }[] {
  let bytes = Buffer.alloc(0);
  return (chunk) => {
    bytes = Buffer.concat([bytes, chunk]);
    const frames: { opcode: number; payload: Buffer }[] = [];
    while (bytes.length >= 6) {
      const short = bytes[1]! & 0x7f;
      const at = short < 126 ? 2 : short === 126 ? 4 : 10;
      if (bytes.length < at + 4) break;
      const length = short < 126 ? short : short === 126 ? bytes.readUInt16BE(2) : Number(bytes.readBigUInt64BE(2));
      if (bytes.length < at + 4 + length) break;
      const mask = bytes.subarray(at, at + 4);
      const payload = bytes.subarray(at + 4, at + 4 + length).map((byte, index) => byte ^ mask[index % 4]!);
      frames.push({ opcode: bytes[0]! & 0x0f, payload: Buffer.from(payload) });
      bytes = bytes.subarray(at + 4 + length);
    }
    return frames;
  };
}
