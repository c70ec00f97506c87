/**
 * Entry for platforms that have a standard WebSocket and nothing else: browsers, React Native and Workers.
 * @module @palaver/sdk
 */
export type { StateCode } from './ended.ts';
export {
  type ClientErrorCode,
  type CodeOf,
  PalaverError,
  type PalaverErrorCode,
  type PalaverErrorDetails,
} from './error.ts';
export * from './generated/index.ts';
export type { CallOptions } from './http.ts';
export { Palaver, type PalaverOptions } from './palaver.ts';
export type { WebSocketConstructor, WebSocketLike } from './platform.ts';
export type {
  Credentials,
  JoinOptions,
  Room,
  RoomEvents,
  RoomState,
  RoomUser,
  SendOptions,
  StateChange,
  Transport,
} from './room.ts';
