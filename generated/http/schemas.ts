// Generated from specs/openapi.yaml by `npm run generate`. Do not edit.
import { z } from 'zod';
import type * as types from './types.ts';

export const userIdSchema = z
  .string()
  .min(1)
  .max(128)
  .regex(/^[^\ud800-\udfff]*$/u, { error: 'must be well-formed Unicode' }) satisfies z.ZodType<types.UserId>;

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

export const emailSchema = z
  .string()
  .min(3)
  .max(254)
  .regex(
    /^[^@\ud800-\udfff\u0000-\u0020\u007f-\u00a0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000\ufeff]+@[^@\ud800-\udfff\u0000-\u0020\u007f-\u00a0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000\ufeff]+$/u,
    { error: 'must have one @ with something on both sides, and no white space or control characters' },
  ) satisfies z.ZodType<types.Email>;

export const passwordSchema = z
  .string()
  .min(8)
  .max(256)
  .regex(/^[^\ud800-\udfff]*$/u, { error: 'must be well-formed Unicode' }) satisfies z.ZodType<types.Password>;

export const frameIdSchema = z
  .string()
  .min(1)
  .max(64)
  .regex(/^[!-~]*$/u, { error: 'must have only visible ASCII characters' }) satisfies z.ZodType<types.FrameId>;

export const timeSchema = z.string().regex(/^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}\.\d{3}Z$/u, {
  error: 'must be RFC 3339 in UTC with Z and three fractional digits',
}) satisfies z.ZodType<types.Time>;

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

export const tokenSchema = z
  .string()
  .min(1)
  .max(16384)
  .regex(/^[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+$/u, {
    error: 'must be three parts in base64url, separated by dots',
  }) satisfies z.ZodType<types.Token>;

export const publishRequestSchema = z.object({
  text: textSchema,
  nonce: nonceSchema.optional(),
}) satisfies z.ZodType<types.PublishRequest>;

export const createUserRequestSchema = z.object({
  email: emailSchema,
  username: usernameSchema,
  password: passwordSchema,
}) satisfies z.ZodType<types.CreateUserRequest>;

export const loginRequestSchema = z.object({
  email: z.string().regex(/^[^\ud800-\udfff]*$/u, { error: 'must be well-formed Unicode' }),
  password: z.string().regex(/^[^\ud800-\udfff]*$/u, { error: 'must be well-formed Unicode' }),
}) satisfies z.ZodType<types.LoginRequest>;

export const userSchema = z.strictObject({
  id: userIdSchema,
  username: usernameSchema,
  email: emailSchema,
}) satisfies z.ZodType<types.User>;

export const loginSchema = z.strictObject({
  id: userIdSchema,
  username: usernameSchema,
  token: tokenSchema,
}) satisfies z.ZodType<types.Login>;

export const messagePageSchema = z.strictObject({
  messages: z.array(chatMessageSchema),
  gaps: z.array(frameIdSchema),
  before: frameIdSchema.optional(),
  after: frameIdSchema.optional(),
  as_of: frameIdSchema.optional(),
}) satisfies z.ZodType<types.MessagePage>;

export const healthSchema = z.strictObject({
  status: z.literal('ok'),
}) satisfies z.ZodType<types.Health>;

export const readinessSchema = z.strictObject({
  status: z.literal('ready'),
}) satisfies z.ZodType<types.Readiness>;

export const documentInfoSchema = z.object({
  title: z.string(),
  version: z.string(),
}) satisfies z.ZodType<types.DocumentInfo>;

export const openApiDocumentSchema = z.object({
  openapi: z.literal('3.1.0'),
  info: documentInfoSchema,
  paths: z.object({}),
}) satisfies z.ZodType<types.OpenApiDocument>;

export const asyncApiDocumentSchema = z.object({
  asyncapi: z.literal('3.0.0'),
  info: documentInfoSchema,
  channels: z.object({}),
  operations: z.object({}),
}) satisfies z.ZodType<types.AsyncApiDocument>;

export const tokenClaimsSchema = z.object({
  id: z
    .string()
    .min(1)
    .max(128)
    .regex(/^([^.\ud800-\udfff]|\.[^.\ud800-\udfff]|\.\.[^\ud800-\udfff])[^\ud800-\udfff]*$/u, {
      error: 'must be well-formed Unicode, and neither . nor ..',
    }),
  username: usernameSchema,
  sub: userIdSchema.optional(),
  iss: z.string(),
  exp: z.number(),
  nbf: z.number().optional(),
  iat: z.number().optional(),
}) satisfies z.ZodType<types.TokenClaims>;

export const problemCodeSchema = z.enum([
  'malformed_request',
  'malformed_body',
  'invalid_body',
  'invalid_parameter',
  'body_not_allowed',
  'malformed_handshake',
  'invalid_credentials',
  'missing_token',
  'invalid_token',
  'origin_not_allowed',
  'user_disabled',
  'not_found',
  'method_not_allowed',
  'email_taken',
  'username_taken',
  'name_in_use',
  'body_too_large',
  'unsupported_media_type',
  'upgrade_required',
  'head_too_large',
  'too_many_sessions',
  'too_many_attempts',
  'rate_limited',
  'internal_error',
  'overloaded',
  'store_unavailable',
  'unavailable',
  'server_full',
  'issuer_unavailable',
  'shutting_down',
]) satisfies z.ZodType<types.ProblemCode>;

export const fieldErrorSchema = z.strictObject({
  pointer: z.string().regex(/^(\/([^/~]|~[01])*)*$/u),
  detail: z.string().min(1),
}) satisfies z.ZodType<types.FieldError>;

export const problemSchema = z.strictObject({
  type: z.string().regex(/^urn:palaver:problem:[a-z_]+$/u),
  title: z.string().min(1),
  status: z.number().int().min(400).max(599),
  code: problemCodeSchema,
  detail: z.string().min(1).optional(),
  errors: z.array(fieldErrorSchema).min(1).optional(),
}) satisfies z.ZodType<types.Problem>;
