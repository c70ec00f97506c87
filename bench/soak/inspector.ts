import { once } from 'node:events';
import { WebSocket } from 'ws';
import type { Child } from '../processes.ts';

const timeoutMs = 20_000;
/** Interval of the checks of the event loop. A check that is later than this shows the loop's delay. */
const resolutionMs = 10;

/** The median and the 99th percentile of the delay, in milliseconds. */
export interface Delay {
  readonly p50: number;
  readonly p99: number;
}

/** Bytes in the heap by class, as a snapshot names them. */
export type Classes = ReadonlyMap<string, number>;

/** Inspects a process from outside (Chrome DevTools Protocol). The server has no code for it. */
export interface Inspector {
  /** Collects garbage and returns the size of the heap with its buffers, in MB. */
  liveHeapMb(): Promise<number>;
  /** Returns the event loop's delay since `forgetDelay`. */
  delay(): Promise<Delay>;
  forgetDelay(): Promise<void>;
  classes(): Promise<Classes>;
}

interface Snapshot {
  readonly snapshot: { readonly meta: { readonly node_fields: string[]; readonly node_types: [string[]] } };
  readonly nodes: number[];
  readonly strings: string[];
}

/** Returns bytes by class: objects by their constructor, all else by its kind. */
function classesOf({ snapshot: { meta }, nodes, strings }: Snapshot): Classes {
  const [type, name, size] = ['type', 'name', 'self_size'].map((field) => meta.node_fields.indexOf(field));
  const bytes = new Map<string, number>();
  for (let at = 0; at < nodes.length; at += meta.node_fields.length) {
    const kind = meta.node_types[0][nodes[at + type!]!]!;
    const isNamed = kind === 'object' || kind === 'native' || kind === 'closure' || kind === 'hidden';
    const key = isNamed ? `${kind} ${strings[nodes[at + name!]!]}` : kind;
    bytes.set(key, (bytes.get(key) ?? 0) + nodes[at + size!]!);
  }
  return bytes;
}

/** @param problem what the process has said on stderr: where its inspector listens */
export async function openInspector(child: Child, problem: () => string): Promise<Inspector> {
  const signal = AbortSignal.timeout(timeoutMs);
  const url = (): string | undefined => /ws:\/\/\S+/.exec(problem())?.[0];
  while (url() === undefined) await once(child.stderr, 'data', { signal });
  const socket = new WebSocket(url()!, { maxPayload: 2 ** 30 });
  await once(socket, 'open', { signal });

  const asked = new Map<number, PromiseWithResolvers<unknown>>();
  let chunks: string[] = [];
  socket.on('message', (data: Buffer) => {
    const { id, method, params, result, error } = JSON.parse(data.toString());
    if (method === 'HeapProfiler.addHeapSnapshotChunk') chunks.push(params.chunk);
    const question = asked.get(id);
    asked.delete(id);
    if (error) question?.reject(new Error(error.message));
    else question?.resolve(result);
  });
  socket.on('close', () => {
    for (const { reject } of asked.values()) reject(new Error(`The server is gone: ${problem()}`));
    asked.clear();
  });
  let questions = 0;
  const ask = <Reply>(method: string, params: object = {}): Promise<Reply> => {
    questions += 1;
    const question = Promise.withResolvers<unknown>();
    asked.set(questions, question);
    socket.send(JSON.stringify({ id: questions, method, params }));
    return question.promise as Promise<Reply>;
  };
  const run = async <Value>(expression: string): Promise<Value> => {
    const asking = { expression, returnByValue: true, awaitPromise: true };
    const { result } = await ask<{ result: { value: Value } }>('Runtime.evaluate', asking);
    return result.value;
  };

  const histogram = 'globalThis[Symbol.for("palaver.soak")]';
  await run(
    `(${histogram} = process.getBuiltinModule('perf_hooks').monitorEventLoopDelay({ resolution: ${resolutionMs} })).enable()`,
  );
  /** One turn of the loop later, because the next check counts the delay until now. */
  const forgetDelay = (): Promise<void> =>
    run(`new Promise((done) => setTimeout(() => done(${histogram}.reset()), ${3 * resolutionMs}))`);

  return {
    liveHeapMb: async () => {
      await ask('HeapProfiler.collectGarbage');
      const held = await ask<{ usedSize: number; backingStorageSize: number }>('Runtime.getHeapUsage');
      return (held.usedSize + held.backingStorageSize) / 2 ** 20;
    },
    delay: async () => {
      const [p50, p99] = await run<[number, number]>(`[50, 99].map((part) => ${histogram}.percentile(part) / 1e6)`);
      return { p50: Math.max(0, p50 - resolutionMs), p99: Math.max(0, p99 - resolutionMs) };
    },
    forgetDelay,
    classes: async () => {
      chunks = [];
      await ask('HeapProfiler.takeHeapSnapshot', { reportProgress: false });
      const snapshot = JSON.parse(chunks.join(''));
      chunks = [];
      return classesOf(snapshot);
    },
  };
}
