import { once } from 'node:events';
import { readdirSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { type Child, usageOf } from '../processes.ts';
import type { Churn } from './churn.ts';
import type { Classes, Inspector } from './inspector.ts';

/** One measurement of a process: its memory, and its event loop delay since the last measurement. */
export interface Sample {
  readonly minute: number;
  readonly rssMb: number;
  readonly heapMb: number;
  readonly files: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
}

/** Resources that remain after every client has left. */
export interface Rest {
  readonly files: number;
  readonly heapMb: number;
  /** Samples so far. */
  readonly joins: number;
  readonly classes: Classes | undefined;
}

export interface Spell {
  readonly samples: readonly Sample[];
  readonly rest: Rest;
}

/** Time for the last clients to leave, and for state that the server keeps briefly. */
const goneMs = 20_000;
const forgottenMs = 3_000;

interface Options {
  readonly child: Child;
  readonly problem: () => string;
  readonly inspector: Inspector;
  readonly churn: Churn;
  readonly sampleMs: number;
  /** Takes heap snapshots at rest if true. A snapshot uses memory itself. */
  readonly hasClasses: boolean;
  readonly onSample: (sample: Sample) => void;
}

/** Watches a process through several spells of churn, each followed by a rest without clients. */
export function createWatch({ child, problem, inspector, churn, sampleMs, hasClasses, onSample }: Options) {
  const startMs = performance.now();
  const openFiles = (): number => readdirSync(`/proc/${child.pid}/fd`).length;
  const filesAtFirst = openFiles();

  async function sample(): Promise<Sample> {
    const minute = (performance.now() - startMs) / 60_000;
    // Before the garbage collection, which the server would not do itself.
    const { p50, p99 } = await inspector.delay();
    const heapMb = await inspector.liveHeapMb();
    await inspector.forgetDelay();
    const rssMb = usageOf(child.pid!).rssKb / 1_024;
    return { minute, rssMb, heapMb, files: openFiles(), p50Ms: p50, p99Ms: p99 };
  }

  async function sampled(ms: number): Promise<Sample[]> {
    const samples: Sample[] = [];
    const endMs = performance.now() + ms;
    for (;;) {
      await delay(sampleMs);
      if (performance.now() >= endMs) return samples;
      const taken = await sample();
      samples.push(taken);
      onSample(taken);
    }
  }

  return {
    filesAtFirst,
    spell: async (ms: number): Promise<Spell> => {
      await inspector.forgetDelay();
      const died = once(child, 'exit').then(() => Promise.reject(new Error(`The server ended: ${problem()}`)));
      const [samples] = await Promise.race([Promise.all([sampled(ms), churn.run(ms)]), died]);
      const goneByMs = performance.now() + goneMs;
      while (openFiles() > filesAtFirst && performance.now() < goneByMs) await delay(100);
      await delay(forgottenMs);
      const rest = { files: openFiles(), heapMb: await inspector.liveHeapMb(), joins: churn.counts.joined };
      return { samples, rest: { ...rest, classes: hasClasses ? await inspector.classes() : undefined } };
    },
  };
}
