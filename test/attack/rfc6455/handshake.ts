import type { OutgoingHttpHeaders } from 'node:http';
import { type Case, livesOn, section } from './case.ts';

const malformed = ['400 malformed_handshake'];
const required = ['426 upgrade_required version 13'];

type Row = readonly [name: string, rfc: string, how: OutgoingHttpHeaders | string, want: readonly string[]];

/** Each differs from a valid handshake in these headers, or in its first line. */
const rows: readonly Row[] = [
  ['as in the RFC', '4.2.1', {}, livesOn],
  ['without a key', '4.2.1', { 'Sec-WebSocket-Key': undefined }, malformed],
  ['an empty key', '4.2.1', { 'Sec-WebSocket-Key': '' }, malformed],
  ['a key of 15 bytes', '4.2.1', { 'Sec-WebSocket-Key': 'AAAAAAAAAAAAAAAAAAAA' }, malformed],
  ['a key of 17 bytes', '4.2.1', { 'Sec-WebSocket-Key': 'AAAAAAAAAAAAAAAAAAAAAAA=' }, malformed],
  ['a key that is not base64', '4.2.1', { 'Sec-WebSocket-Key': 'dGhlIHNhbXBsZSBub25jZ!==' }, malformed],
  ['two keys', '11.3.1', { 'Sec-WebSocket-Key': ['dGhlIHNhbXBsZSBub25jZQ==', 'AAAAAAAAAAAAAAAAAAAAAA=='] }, malformed],
  ['another key', '4.2.2', { 'Sec-WebSocket-Key': 'AAAAAAAAAAAAAAAAAAAAAA==' }, livesOn],
  ['version 8', '4.4', { 'Sec-WebSocket-Version': '8' }, required],
  ['version 0', '4.4', { 'Sec-WebSocket-Version': '0' }, required],
  ['version 14', '4.4', { 'Sec-WebSocket-Version': '14' }, required],
  ['a version that is no number', '4.4', { 'Sec-WebSocket-Version': 'thirteen' }, required],
  ['without a version', '4.2.1', { 'Sec-WebSocket-Version': undefined }, required],
  ['two versions', '11.3.5', { 'Sec-WebSocket-Version': ['13', '8'] }, required],
  ['without Upgrade', '4.2.1', { Upgrade: undefined }, required],
  ['an upgrade to something else', '4.2.1', { Upgrade: 'h2c' }, required],
  ['Upgrade in capitals', '4.2.1', { Upgrade: 'WEBSOCKET' }, livesOn],
  ['without Connection', '4.2.1', { Connection: undefined }, required],
  ['Connection without Upgrade', '4.2.1', { Connection: 'keep-alive' }, required],
  ['Connection in small letters', '4.2.1', { Connection: 'upgrade' }, livesOn],
  ['Connection with several values', '4.2.1', { Connection: 'keep-alive, Upgrade' }, livesOn],
  ['Connection twice', '4.2.1', { Connection: ['keep-alive', 'Upgrade'] }, livesOn],
  ['without Host', '4.2.1', { Host: undefined }, ['400 malformed_request']],
  ['HTTP/1.0', '4.2.1', 'GET /join HTTP/1.0', required],
  ['HTTP/0.9', '4.2.1', 'GET /join HTTP/0.9', required],
  ['PUT', '4.2.1', 'PUT /join HTTP/1.1', ['405 method_not_allowed']],
  // Specific to this server: the same handshake by another method, which its spec declares.
  ['POST', '4.2.1', 'POST /join HTTP/1.1', livesOn],
  ['a path that is not there', '4.2.2', 'GET /elsewhere HTTP/1.1', ['404 not_found']],
  ['with a query', '4.2.1', 'GET /join?room=1 HTTP/1.1', livesOn],
  ['the whole URI in the first line', '4.2.1', 'GET http://localhost/join HTTP/1.1', livesOn],
  [
    'a subprotocol that is spoken',
    '4.2.2',
    { 'Sec-WebSocket-Protocol': 'palaver.v1' },
    ['subprotocol palaver.v1', ...livesOn],
  ],
  ['a subprotocol that is not spoken', '4.2.2', { 'Sec-WebSocket-Protocol': 'chat.v9' }, livesOn],
  [
    'several subprotocols',
    '4.2.2',
    { 'Sec-WebSocket-Protocol': 'chat.v9, palaver.v1, x' },
    ['subprotocol palaver.v1', ...livesOn],
  ],
  [
    'subprotocols in two headers',
    '11.3.4',
    { 'Sec-WebSocket-Protocol': ['chat.v9', 'palaver.v1'] },
    ['subprotocol palaver.v1', ...livesOn],
  ],
  ['a subprotocol in other letters', '4.2.2', { 'Sec-WebSocket-Protocol': 'Palaver.V1' }, livesOn],
  ['a subprotocol twice', '4.1', { 'Sec-WebSocket-Protocol': 'palaver.v1, palaver.v1' }, malformed],
  ['a subprotocol with a space', '4.1', { 'Sec-WebSocket-Protocol': 'pa laver' }, malformed],
  ['no subprotocol in the list', '4.1', { 'Sec-WebSocket-Protocol': '' }, malformed],
  [
    'an extension is not answered',
    '9.1',
    { 'Sec-WebSocket-Extensions': 'permessage-deflate; client_max_window_bits' },
    livesOn,
  ],
  [
    'several extensions',
    '9.1',
    { 'Sec-WebSocket-Extensions': ['x-a, x-b; c="d"', 'permessage-deflate; e=1'] },
    livesOn,
  ],
  ['an extension that breaks the grammar', '9.1', { 'Sec-WebSocket-Extensions': 'permessage-deflate; =10' }, malformed],
  ['a list of extensions that is empty', '9.1', { 'Sec-WebSocket-Extensions': '' }, malformed],
];

export const openingHandshake: readonly Case[] = section(
  9,
  'Opening handshake',
  rows.map(([name, rfc, how, want]) => [
    name,
    rfc,
    [],
    want,
    typeof how === 'string' ? { first: how } : { headers: how },
  ]),
);
