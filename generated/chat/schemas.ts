// Generated from specs/asyncapi.yaml by `npm run generate`. Do not edit.
import { z } from 'zod';
import type * as types from './types.ts';

export const tokenSchema = z
  .string()
  .min(1)
  .max(16384)
  .regex(/^[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+$/u, {
    error: 'must be three parts in base64url, separated by dots',
  }) satisfies z.ZodType<types.Token>;

export const usernameSchema = z
  .string()
  .min(1)
  .max(64)
  .regex(
    /^(?:[\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180d\u180f\u2065\u3164\ufe00-\ufe0f\uffa0\ufff0-\ufff8\u{e0000}\u{e0002}-\u{e001f}\u{e0080}-\u{e0fff}][\u0020\u00a0\u034f\u115f\u1160\u1680\u17b4\u17b5\u180b-\u180d\u180f\u2000-\u200a\u202f\u205f\u2065\u3000\u3164\ufe00-\ufe0f\uffa0\ufff0-\ufff8\u{e0000}\u{e0002}-\u{e001f}\u{e0080}-\u{e0fff}]*)?(?:[!-~\u00a1-\u00ac\u00ae-\u034e\u0350-\u058f]|[\u0590-\u05ff\u0606-\u061b\u061d-\u06dc\u06de-\u070e\u0710-\u088f\u0892-\u08e1\u08e3-\u115e\u1161-\u167f\u1681-\u17b3\u17b6-\u180a\u1810-\u1fff\u2010-\u2027\u2030-\u205e\u2070-\u2fff\u3001-\u3163\u3165-\ud7ff\ue000-\ufdff\ufe10-\ufefe\uff00-\uff9f\uffa1-\uffef\ufffc-\uffff\u{10000}-\u{110bc}\u{110be}-\u{110cc}\u{110ce}-\u{1342f}\u{13440}-\u{1bc9f}\u{1bca4}-\u{1d172}\u{1d17b}-\u{dffff}\u{e1000}-\u{10ffff}](?:[\u200c\u200d][\u0590-\u05ff\u0606-\u061b\u061d-\u06dc\u06de-\u070e\u0710-\u088f\u0892-\u08e1\u08e3-\u115e\u1161-\u167f\u1681-\u17b3\u17b6-\u180a\u1810-\u1fff\u2010-\u2027\u2030-\u205e\u2070-\u2fff\u3001-\u3163\u3165-\ud7ff\ue000-\ufdff\ufe10-\ufefe\uff00-\uff9f\uffa1-\uffef\ufffc-\uffff\u{10000}-\u{110bc}\u{110be}-\u{110cc}\u{110ce}-\u{1342f}\u{13440}-\u{1bc9f}\u{1bca4}-\u{1d172}\u{1d17b}-\u{dffff}\u{e1000}-\u{10ffff}])*)(?:(?:(?:[\u094d\u09cd\u0a4d\u0acd\u0b4d\u0bcd\u0c4d\u0ccd\u0d3b\u0d3c\u0d4d\u0dca][\u200c\u200d])?[\u0020\u00a0\u1680\u2000-\u200a\u202f\u205f\u3000]+)?(?:[!-~\u00a1-\u00ac\u00ae-\u058f]|[\u0590-\u05ff\u0606-\u061b\u061d-\u06dc\u06de-\u070e\u0710-\u088f\u0892-\u08e1\u08e3-\u167f\u1681-\u180d\u180f-\u1fff\u2010-\u2027\u2030-\u205e\u2065\u2070-\u2fff\u3001-\ud7ff\ue000-\ufefe\uff00-\ufff8\ufffc-\uffff\u{10000}-\u{110bc}\u{110be}-\u{110cc}\u{110ce}-\u{1342f}\u{13440}-\u{1bc9f}\u{1bca4}-\u{1d172}\u{1d17b}-\u{e0000}\u{e0002}-\u{e001f}\u{e0080}-\u{10ffff}](?:[\u200c\u200d][\u0590-\u05ff\u0606-\u061b\u061d-\u06dc\u06de-\u070e\u0710-\u088f\u0892-\u08e1\u08e3-\u115e\u1161-\u167f\u1681-\u17b3\u17b6-\u180a\u1810-\u1fff\u2010-\u2027\u2030-\u205e\u2070-\u2fff\u3001-\u3163\u3165-\ud7ff\ue000-\ufdff\ufe10-\ufefe\uff00-\uff9f\uffa1-\uffef\ufffc-\uffff\u{10000}-\u{110bc}\u{110be}-\u{110cc}\u{110ce}-\u{1342f}\u{13440}-\u{1bc9f}\u{1bca4}-\u{1d172}\u{1d17b}-\u{dffff}\u{e1000}-\u{10ffff}])*))*(?:[\u094d\u09cd\u0a4d\u0acd\u0b4d\u0bcd\u0c4d\u0ccd\u0d3b\u0d3c\u0d4d\u0dca][\u200c\u200d])?$/u,
    {
      error:
        'must have a visible character, no white space at either end, and no control, format or line characters (joiners only where a script needs them)',
    },
  ) satisfies z.ZodType<types.Username>;

export const userIdSchema = z
  .string()
  .min(1)
  .max(128)
  .regex(/^[^\ud800-\udfff]*$/u, { error: 'must be well-formed Unicode' }) satisfies z.ZodType<types.UserId>;

export const textSchema = z
  .string()
  .min(1)
  .max(4096)
  .regex(/^[^\ud800-\udfff]*$/u, { error: 'must be well-formed Unicode' }) satisfies z.ZodType<types.Text>;

export const nonceSchema = z
  .string()
  .min(1)
  .max(64)
  .regex(/^[^\ud800-\udfff]*$/u, { error: 'must be well-formed Unicode' }) satisfies z.ZodType<types.Nonce>;

export const frameIdSchema = z
  .string()
  .min(1)
  .max(64)
  .regex(/^[!-~]*$/u, { error: 'must have only visible ASCII characters' }) satisfies z.ZodType<types.FrameId>;

export const timeSchema = z.string().regex(/^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}\.\d{3}Z$/u, {
  error: 'must be RFC 3339 in UTC with Z and three fractional digits',
}) satisfies z.ZodType<types.Time>;

export const rosterUserSchema = z.strictObject({
  username: usernameSchema,
  user_id: userIdSchema,
}) satisfies z.ZodType<types.RosterUser>;

export const usersOnlineSchema = z.strictObject({
  type: z.literal('users_online'),
  id: frameIdSchema,
  sent_at: timeSchema,
  msg: z.strictObject({
    list: z.array(usernameSchema),
    users: z.array(rosterUserSchema).optional(),
    recovered: z.boolean().optional(),
  }),
}) satisfies z.ZodType<types.UsersOnline>;

export const whoSchema = z.strictObject({
  username: usernameSchema,
  user_id: userIdSchema.optional(),
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

export const streamCloseSchema = z.strictObject({
  code: z.literal([1001, 1011, 1012, 1013, 4001, 4003]),
  reason: z.enum(['going_away', 'internal_error', 'service_restart', 'too_slow', 'token_expired', 'access_revoked']),
}) satisfies z.ZodType<types.StreamClose>;

export const chatMessageSchema = z.strictObject({
  type: z.literal('chat_message'),
  id: frameIdSchema,
  sent_at: timeSchema,
  msg: z.strictObject({
    from_user: usernameSchema,
    from_user_id: userIdSchema.optional(),
    text: textSchema,
    nonce: nonceSchema.optional(),
  }),
}) satisfies z.ZodType<types.ChatMessage>;

export const errorCodeSchema = z.enum([
  'malformed_json',
  'unknown_type',
  'invalid_message',
  'unavailable',
  'rate_limited',
  'invalid_token',
]) satisfies z.ZodType<types.ErrorCode>;

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

/** Schemas of the frames that a client may send, by type. */
export const clientMessageSchemas = {
  chat_message: chatMessageFromClientSchema,
  token_refresh: tokenRefreshSchema,
};

/** Schemas of the frames that the server sends, by type. */
export const serverMessageSchemas = {
  users_online: usersOnlineSchema,
  user_joined: userJoinedSchema,
  chat_message: chatMessageSchema,
  error: errorMessageSchema,
  token_refreshed: tokenRefreshedSchema,
  user_left: userLeftSchema,
};

/** Schemas of the data of the events that the server sends over HTTP, by event. */
export const eventSchemas = {
  users_online: usersOnlineSchema,
  user_joined: userJoinedSchema,
  chat_message: chatMessageSchema,
  user_left: userLeftSchema,
  close: streamCloseSchema,
};
