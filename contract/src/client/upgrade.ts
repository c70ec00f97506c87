export type Headers = Readonly<Record<string, string | readonly string[]>>;

/** The headers of a handshake (RFC 6455, 4.1), of a key of its own that is in the RFC. */
export const upgrade: Headers = {
  Connection: 'Upgrade',
  Upgrade: 'websocket',
  'Sec-WebSocket-Version': '13',
  'Sec-WebSocket-Key': 'dGhlIHNhbXBsZSBub25jZQ==',
};
