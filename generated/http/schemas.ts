// Generated from specs/openapi.yaml by `npm run generate`. Do not edit.
import { z } from 'zod';
import type * as types from './types.ts';

export const userIdSchema = z.string().min(1).max(128).regex(/^[^\ud800-\udfff]*$/u, { error: 'must be well-formed Unicode' }) satisfies z.ZodType<types.UserId>;

export const usernameSchema = z.string().min(1).max(64).regex(/^[^\ud800-\udfff\u0000-\u001f\u007f-\u009f\u2028\u2029\u00ad\u0600-\u0605\u061c\u06dd\u070f\u0890\u0891\u08e2\u180e\u200b-\u200f\u202a-\u202e\u2060-\u2064\u2066-\u206f\ufeff\ufff9-\ufffb\u{110bd}\u{110cd}\u{13430}-\u{1343f}\u{1bca0}-\u{1bca3}\u{1d173}-\u{1d17a}\u{e0001}\u{e0020}-\u{e007f}\u0020\u00a0\u1680\u2000-\u200a\u202f\u205f\u3000]([^\ud800-\udfff\u0000-\u001f\u007f-\u009f\u2028\u2029\u00ad\u0600-\u0605\u061c\u06dd\u070f\u0890\u0891\u08e2\u180e\u200b-\u200f\u202a-\u202e\u2060-\u2064\u2066-\u206f\ufeff\ufff9-\ufffb\u{110bd}\u{110cd}\u{13430}-\u{1343f}\u{1bca0}-\u{1bca3}\u{1d173}-\u{1d17a}\u{e0001}\u{e0020}-\u{e007f}]*[^\ud800-\udfff\u0000-\u001f\u007f-\u009f\u2028\u2029\u00ad\u0600-\u0605\u061c\u06dd\u070f\u0890\u0891\u08e2\u180e\u200b-\u200f\u202a-\u202e\u2060-\u2064\u2066-\u206f\ufeff\ufff9-\ufffb\u{110bd}\u{110cd}\u{13430}-\u{1343f}\u{1bca0}-\u{1bca3}\u{1d173}-\u{1d17a}\u{e0001}\u{e0020}-\u{e007f}\u0020\u00a0\u1680\u2000-\u200a\u202f\u205f\u3000])?$/u, { error: 'must have no control, format or line characters, and no white space at either end' }) satisfies z.ZodType<types.Username>;

export const emailSchema = z.string().min(3).max(254).regex(/^[^@\ud800-\udfff\u0000-\u0020\u007f-\u00a0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000\ufeff]+@[^@\ud800-\udfff\u0000-\u0020\u007f-\u00a0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000\ufeff]+$/u, { error: 'must have one @ with something on both sides, and no white space or control characters' }) satisfies z.ZodType<types.Email>;

export const passwordSchema = z.string().min(8).max(256).regex(/^[^\ud800-\udfff]*$/u, { error: 'must be well-formed Unicode' }) satisfies z.ZodType<types.Password>;

export const frameIdSchema = z.string().min(1).max(64) satisfies z.ZodType<types.FrameId>;

export const timeSchema = z.string().regex(/^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}\.\d{3}Z$/u, { error: 'must be RFC 3339 in UTC with Z and three fractional digits' }) satisfies z.ZodType<types.Time>;

export const textSchema = z.string().min(1).max(4096).regex(/^[^\ud800-\udfff]*$/u, { error: 'must be well-formed Unicode' }) satisfies z.ZodType<types.Text>;

export const nonceSchema = z.string().min(1).max(64).regex(/^[^\ud800-\udfff]*$/u, { error: 'must be well-formed Unicode' }) satisfies z.ZodType<types.Nonce>;

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

export const tokenSchema = z.string().min(1).max(8192).regex(/^[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+$/u, { error: 'must be three parts in base64url, separated by dots' }) satisfies z.ZodType<types.Token>;

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
  paths: z.object({
    
  }),
}) satisfies z.ZodType<types.OpenApiDocument>;

export const asyncApiDocumentSchema = z.object({
  asyncapi: z.literal('3.0.0'),
  info: documentInfoSchema,
  channels: z.object({
    
  }),
  operations: z.object({
    
  }),
}) satisfies z.ZodType<types.AsyncApiDocument>;

export const tokenClaimsSchema = z.object({
  id: z.string().min(1).max(128).regex(/^([^.\ud800-\udfff]|\.[^.\ud800-\udfff]|\.\.[^\ud800-\udfff])[^\ud800-\udfff]*$/u, { error: 'must be well-formed Unicode, and neither . nor ..' }),
  username: usernameSchema,
  sub: userIdSchema.optional(),
  iss: z.string(),
  exp: z.number(),
  nbf: z.number().optional(),
  iat: z.number().optional(),
}) satisfies z.ZodType<types.TokenClaims>;

export const problemCodeSchema = z.enum(['malformed_request', 'malformed_body', 'invalid_body', 'invalid_parameter', 'body_not_allowed', 'malformed_handshake', 'invalid_credentials', 'missing_token', 'invalid_token', 'origin_not_allowed', 'user_disabled', 'not_found', 'method_not_allowed', 'email_taken', 'username_taken', 'name_in_use', 'body_too_large', 'unsupported_media_type', 'upgrade_required', 'too_many_sessions', 'too_many_attempts', 'rate_limited', 'internal_error', 'overloaded', 'store_unavailable', 'unavailable', 'server_full', 'issuer_unavailable', 'shutting_down']) satisfies z.ZodType<types.ProblemCode>;

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
