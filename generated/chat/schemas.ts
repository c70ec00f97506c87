// Generated from specs/asyncapi.yaml by `npm run generate`. Do not edit.
import { z } from 'zod';
import type * as types from './types.ts';

export const tokenSchema = z.string().min(1).max(16384).regex(/^[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+$/u, { error: 'must be three parts in base64url, separated by dots' }) satisfies z.ZodType<types.Token>;

export const usernameSchema = z.string().min(1).max(64).regex(/^[^\ud800-\udfff\u0000-\u001f\u007f-\u009f\u2028\u2029\u00ad\u0600-\u0605\u061c\u06dd\u070f\u0890\u0891\u08e2\u180e\u200b-\u200f\u202a-\u202e\u2060-\u2064\u2066-\u206f\ufeff\ufff9-\ufffb\u{110bd}\u{110cd}\u{13430}-\u{1343f}\u{1bca0}-\u{1bca3}\u{1d173}-\u{1d17a}\u{e0001}\u{e0020}-\u{e007f}\u0020\u00a0\u1680\u2000-\u200a\u202f\u205f\u3000]([^\ud800-\udfff\u0000-\u001f\u007f-\u009f\u2028\u2029\u00ad\u0600-\u0605\u061c\u06dd\u070f\u0890\u0891\u08e2\u180e\u200b-\u200f\u202a-\u202e\u2060-\u2064\u2066-\u206f\ufeff\ufff9-\ufffb\u{110bd}\u{110cd}\u{13430}-\u{1343f}\u{1bca0}-\u{1bca3}\u{1d173}-\u{1d17a}\u{e0001}\u{e0020}-\u{e007f}]*[^\ud800-\udfff\u0000-\u001f\u007f-\u009f\u2028\u2029\u00ad\u0600-\u0605\u061c\u06dd\u070f\u0890\u0891\u08e2\u180e\u200b-\u200f\u202a-\u202e\u2060-\u2064\u2066-\u206f\ufeff\ufff9-\ufffb\u{110bd}\u{110cd}\u{13430}-\u{1343f}\u{1bca0}-\u{1bca3}\u{1d173}-\u{1d17a}\u{e0001}\u{e0020}-\u{e007f}\u0020\u00a0\u1680\u2000-\u200a\u202f\u205f\u3000])?$/u, { error: 'must have no control, format or line characters, and no white space at either end' }) satisfies z.ZodType<types.Username>;

export const textSchema = z.string().min(1).max(4096).regex(/^[^\ud800-\udfff]*$/u, { error: 'must be well-formed Unicode' }) satisfies z.ZodType<types.Text>;

export const nonceSchema = z.string().min(1).max(64).regex(/^[^\ud800-\udfff]*$/u, { error: 'must be well-formed Unicode' }) satisfies z.ZodType<types.Nonce>;

export const frameIdSchema = z.string().min(1).max(64) satisfies z.ZodType<types.FrameId>;

export const timeSchema = z.string().regex(/^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}\.\d{3}Z$/u, { error: 'must be RFC 3339 in UTC with Z and three fractional digits' }) satisfies z.ZodType<types.Time>;

export const usersOnlineSchema = z.strictObject({
  type: z.literal('users_online'),
  id: frameIdSchema,
  sent_at: timeSchema,
  msg: z.strictObject({
    list: z.array(usernameSchema),
    recovered: z.boolean().optional(),
  }),
}) satisfies z.ZodType<types.UsersOnline>;

export const whoSchema = z.strictObject({
  username: usernameSchema,
}) satisfies z.ZodType<types.Who>;

export const userJoinedSchema = z.strictObject({
  type: z.literal('user_joined'),
  id: frameIdSchema,
  sent_at: timeSchema,
  msg: whoSchema,
}) satisfies z.ZodType<types.UserJoined>;

export const userLeftSchema = z.strictObject({
  type: z.literal('user_left'),
  id: frameIdSchema,
  sent_at: timeSchema,
  msg: whoSchema,
}) satisfies z.ZodType<types.UserLeft>;

export const chatMessageSchema = z.strictObject({
  type: z.literal('chat_message'),
  id: frameIdSchema,
  sent_at: timeSchema,
  msg: z.strictObject({
    from_user: usernameSchema,
    text: textSchema,
    nonce: nonceSchema.optional(),
  }),
}) satisfies z.ZodType<types.ChatMessage>;

export const errorCodeSchema = z.enum(['malformed_json', 'unknown_type', 'invalid_message', 'unavailable', 'rate_limited', 'invalid_token']) satisfies z.ZodType<types.ErrorCode>;

export const errorMessageSchema = z.strictObject({
  type: z.literal('error'),
  sent_at: timeSchema,
  msg: z.strictObject({
    code: errorCodeSchema,
    detail: z.string().min(1),
    nonce: nonceSchema.optional(),
    retry_after_ms: z.number().int().min(1).optional(),
  }),
}) satisfies z.ZodType<types.ErrorMessage>;

export const chatMessageFromClientSchema = z.object({
  type: z.literal('chat_message'),
  msg: z.object({
    text: textSchema,
    nonce: nonceSchema.optional(),
  }),
}) satisfies z.ZodType<types.ChatMessageFromClient>;

export const tokenRefreshSchema = z.object({
  type: z.literal('token_refresh'),
  msg: z.object({
    token: tokenSchema,
    nonce: nonceSchema.optional(),
  }),
}) satisfies z.ZodType<types.TokenRefresh>;

export const tokenRefreshedSchema = z.strictObject({
  type: z.literal('token_refreshed'),
  sent_at: timeSchema,
  msg: z.strictObject({
    expires_at: timeSchema,
    nonce: nonceSchema.optional(),
  }),
}) satisfies z.ZodType<types.TokenRefreshed>;

/** What a client may send, by frame type. */
export const clientMessageSchemas = {
  chat_message: chatMessageFromClientSchema,
  token_refresh: tokenRefreshSchema,
};

/** What the server sends, by frame type. */
export const serverMessageSchemas = {
  users_online: usersOnlineSchema,
  user_joined: userJoinedSchema,
  user_left: userLeftSchema,
  chat_message: chatMessageSchema,
  error: errorMessageSchema,
  token_refreshed: tokenRefreshedSchema,
};
