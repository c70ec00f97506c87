/** The maximum sizes that the specs promise to clients, measured on the server's frames. */
import { expect, it } from 'vitest';
import { encodeEnvelope, encodeUsersOnline } from '../../../src/chat/frames.ts';
import { asyncapi, component } from '../../harness/spec.ts';

const { server } = asyncapi.channels.room['x-max-frame-bytes'];
const at = { id: '~'.repeat(64), sentAt: '2026-01-01T00:00:00.000Z' };
const usersOnline = (count: number, name: string): number =>
  encodeUsersOnline({ ...at, roster: Array.from({ length: count }, () => name) }, true).length;
/** Four bytes each, and as many as a name may have. */
const longestName = '\u{1f600}'.repeat(component(asyncapi, 'Username').maxLength!);

it('users_online has 3 bytes for each name on top of it, so 64,000 of the longest fit and 66,000 do not', () => {
  expect(usersOnline(2, 'x'.repeat(19)) - usersOnline(1, 'x'.repeat(19))).toBe(19 + 3);
  expect(Buffer.byteLength(longestName)).toBe(256);
  expect(usersOnline(64_000, longestName)).toBeLessThanOrEqual(server);
  expect(usersOnline(66_000, longestName)).toBeGreaterThan(server);
});

it('every other frame stays below 32 KiB', () => {
  // A control character takes six bytes in JSON.
  const text = '\u0001'.repeat(component(asyncapi, 'Text').maxLength!);
  const nonce = '\u0001'.repeat(component(asyncapi, 'Nonce').maxLength!);
  const frame = { type: 'chat_message', msg: { from_user: longestName, text, nonce } } as const;
  expect(encodeEnvelope({ ...at, frame }).length).toBeLessThan(32_768);
});
