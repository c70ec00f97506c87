/** The maximum sizes that the specs promise to clients, measured on the server's frames. */
import { expect, it } from 'vitest';
import { encodeEnvelope, encodeUsersOnline } from '../../../src/chat/frames.ts';
import { asyncapi, component } from '../../harness/spec.ts';

const { server } = asyncapi.channels.room['x-max-frame-bytes'];
const at = { id: '~'.repeat(64), sentAt: '2026-01-01T00:00:00.000Z' };
const usersOnline = (count: number, username: string, id: string): number =>
  encodeUsersOnline({ ...at, roster: Array.from({ length: count }, () => ({ id, username })) }, true).length;
/** Four bytes each, and as many as a name may have. */
const longestName = '\u{1f600}'.repeat(component(asyncapi, 'Username').maxLength!);
/** A control character takes six bytes in JSON. */
const longestId = '\u0001'.repeat(component(asyncapi, 'UserId').maxLength!);

it('users_online has a name twice, an id and 32 bytes for each user, so 12,000 of the longest fit and 13,000 do not', () => {
  const [name, id] = ['x'.repeat(19), 'y'.repeat(36)];
  expect(usersOnline(2, name, id) - usersOnline(1, name, id)).toBe(2 * 19 + 36 + 32);
  expect([Buffer.byteLength(longestName), JSON.stringify(longestId).length - 2]).toEqual([256, 768]);
  expect(usersOnline(12_000, longestName, longestId)).toBeLessThanOrEqual(server);
  expect(usersOnline(13_000, longestName, longestId)).toBeGreaterThan(server);
});

it('every other frame stays below 32 KiB', () => {
  // A control character takes six bytes in JSON.
  const text = '\u0001'.repeat(component(asyncapi, 'Text').maxLength!);
  const nonce = '\u0001'.repeat(component(asyncapi, 'Nonce').maxLength!);
  const frame = {
    type: 'chat_message',
    msg: { from_user: longestName, from_user_id: longestId, text, nonce },
  } as const;
  expect(encodeEnvelope({ ...at, frame }).length).toBeLessThan(32_768);
});
