import type { Logins } from './login-flood.ts';
import type { ServerName } from './servers.ts';

/** The generator's last line: its figures between `begin` and `end`. */
export interface Result {
  readonly seconds: number;
  readonly cpuS: number;
  readonly deliveries: number;
  readonly joinsPerS: number;
  readonly frameBytes: number;
  readonly latencyMs?: { readonly p50: number; readonly p99: number; readonly max: number };
}

/** One measurement of one server under one load. */
export interface Run {
  readonly load: string;
  readonly server: ServerName;
  readonly round: number;
  readonly clients: number;
  readonly result: Result;
  /** The second measurement on the same server, for a load with `twice`. */
  readonly again?: Result | undefined;
  /** The sum over all nodes. */
  readonly serverCpuS: number;
  /** Memory and CPU of Redis and MongoDB for several nodes; 0 for one. */
  readonly redisCpuS: number;
  readonly mongodbCpuS: number;
  /** CPU time of everything else on the machine. A high figure means a noisy run. */
  readonly othersCpuS: number;
  /** Memory above that of the empty process before the first join. */
  readonly addedRssKb: number;
  /** The number of logins answered, by status. */
  readonly logins?: Logins | undefined;
  /** The same load just before, without logins. */
  readonly quiet?: Run;
}
