import type { TcpProxy } from '../harness/tcp-proxy.ts';
import type { Recorder } from './recording.ts';

/** A client in the room that reconnects on its own. */
export interface Client {
  readonly name: string;
  readonly username: string;
  /** Proxy between the client and the nodes. */
  readonly proxy: TcpProxy;
  /** Sends a new message. `times` repeats it under one nonce, where the client can do that. */
  say(times?: number): void;
  /** Leaves with a close, and stays out until it joins again. */
  leave(): Promise<void>;
  join(): void;
  /** Drops its connection, and resumes after a frame before the last one it received. */
  resumeEarlier(): void;
  /** Number of sends without an outcome. */
  pending(): number;
}

export interface ClientDeps {
  readonly name: string;
  readonly username: string;
  readonly token: string;
  /** Token of the same user under another name, for messages over HTTP. */
  readonly postToken: string;
  readonly proxy: TcpProxy;
  readonly recorder: Recorder;
}
