/** Publishes nothing: checks the token and the body of `POST /messages` as Palaver does, and answers with a frame. */
import { serve } from '@hono/node-server';
import { Hono } from 'hono';
import { jwtVerify } from 'jose';
import { publishRequestSchema, tokenClaimsSchema } from '../../generated/http/index.ts';
import { sayPort } from './frames.ts';

const secret = Buffer.from(process.env.JWT_SECRET!);
const prefix = 'Bearer ';
let count = 0;

const app = new Hono().post('/messages', async (c) => {
  const token = c.req.header('authorization')?.slice(prefix.length) ?? '';
  const { payload } = await jwtVerify(token, secret, { algorithms: ['HS256'], issuer: 'palaver' });
  const { id, username } = tokenClaimsSchema.parse(payload);
  const { text, nonce } = publishRequestSchema.parse(await c.req.json());
  count += 1;
  const frameId = `0001700000000000-${String(count).padStart(16, '0')}`;
  const msg = { from_user: username, from_user_id: id, text, ...(nonce !== undefined && { nonce }) };
  return c.json({ type: 'chat_message', id: frameId, sent_at: new Date().toISOString(), msg }, 201);
});

serve({ fetch: app.fetch, hostname: '127.0.0.1', port: 0 }, ({ port }) => sayPort(port));
