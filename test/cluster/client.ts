import type { TcpProxy } from '../harness/tcp-proxy.ts';
import type { Recorder } from './recording.ts';

/** A client in the room that reconnects by itself. */
export interface Client {
  readonly name: string;
  readonly username: string;
  /** Between it and the nodes. */
  readonly proxy: TcpProxy;
  /** Says something new; `times` it goes out under one nonce, where the client can do that. */
  say(times?: number): void;
  /** Leaves in order, and comes no more until it joins. */
  leave(): Promise<void>;
  join(): void;
  /** Loses its connection, and resumes after a frame before the last one it received. */
  comeBackEarlier(): void;
  /** How many sends wait for what becomes of them. */
  pending(): number;
}

export interface ClientDeps {
  readonly name: string;
  readonly username: string;
  readonly token: string;
  readonly proxy: TcpProxy;
  readonly recorder: Recorder;
}
