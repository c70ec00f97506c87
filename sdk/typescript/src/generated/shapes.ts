// Generated from specs/ by `npm run generate`. Do not edit.

/** Kind of a value, of its items or of its members. A member whose name ends in `?` may be absent. */
export type Shape = 'string' | 'number' | 'boolean' | readonly [Shape] | { readonly [member: string]: Shape };

/** Shape of each frame that the server sends, by its type. */
export const frameShapes: { readonly [type: string]: Shape } = {
  users_online: {
    type: 'string',
    id: 'string',
    sent_at: 'string',
    msg: { list: ['string'], 'users?': [{ username: 'string', user_id: 'string' }], 'recovered?': 'boolean' },
  },
  user_joined: { type: 'string', id: 'string', sent_at: 'string', msg: { username: 'string', 'user_id?': 'string' } },
  chat_message: {
    type: 'string',
    id: 'string',
    sent_at: 'string',
    msg: { from_user: 'string', 'from_user_id?': 'string', text: 'string', 'nonce?': 'string' },
  },
  error: {
    type: 'string',
    sent_at: 'string',
    msg: { code: 'string', detail: 'string', 'nonce?': 'string', 'retry_after_ms?': 'number' },
  },
  token_refreshed: { type: 'string', sent_at: 'string', msg: { expires_at: 'string', 'nonce?': 'string' } },
  user_left: { type: 'string', id: 'string', sent_at: 'string', msg: { username: 'string', 'user_id?': 'string' } },
};

/** Shape of the response of each operation that has one. */
export const answerShapes: { readonly [operation: string]: Shape } = {
  createUser: { id: 'string', username: 'string', email: 'string' },
  login: { id: 'string', username: 'string', token: 'string' },
  publish: {
    type: 'string',
    id: 'string',
    sent_at: 'string',
    msg: { from_user: 'string', 'from_user_id?': 'string', text: 'string', 'nonce?': 'string' },
  },
  listMessages: {
    messages: [
      {
        type: 'string',
        id: 'string',
        sent_at: 'string',
        msg: { from_user: 'string', 'from_user_id?': 'string', text: 'string', 'nonce?': 'string' },
      },
    ],
    gaps: ['string'],
    'before?': 'string',
    'after?': 'string',
    'as_of?': 'string',
  },
  healthz: { status: 'string' },
  readyz: { status: 'string' },
  openapiJson: { openapi: 'string', info: { title: 'string', version: 'string' }, paths: {} },
  asyncapiJson: { asyncapi: 'string', info: { title: 'string', version: 'string' }, channels: {}, operations: {} },
};
