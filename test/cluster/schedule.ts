/** The faults and the actions of the clients, all derived from the seed. */
import fc from 'fast-check';

/** Lease of a silent node. */
export const leaseMs = 2_000;

export type Fault =
  | { readonly do: 'kill'; readonly node: number; readonly ms: number }
  | { readonly do: 'freeze'; readonly node: number; readonly ms: number }
  | { readonly do: 'cut from redis'; readonly node: number; readonly how: 'reset' | 'hold'; readonly ms: number }
  | { readonly do: 'restart redis'; readonly how: 'in order' | 'by a power cut' | 'emptied'; readonly ms: number }
  | { readonly do: 'rolling restart' };

/** A fault, and the calm time after it. */
export type Step = Fault & { readonly calmMs: number };

export type Act = {
  readonly atMs: number;
  readonly client: number;
} & (
  | { readonly do: 'say' | 'say twice' | 'be cut' | 'resume from further back' }
  | { readonly do: 'be held' | 'leave' | 'disconnect'; readonly ms: number }
);

export interface Schedule {
  readonly steps: readonly Step[];
  readonly acts: readonly Act[];
}

export const nodeCount = 3;
/** Upper bound of a round's duration. */
const roundMs = 120_000;
/** Time between two actions of a client. */
const actEveryMs = 400;

const shortMs = fc.integer({ min: 200, max: leaseMs / 2 });
const longMs = fc.integer({ min: leaseMs * 1.25, max: leaseMs * 2 });
const someMs = fc.integer({ min: 100, max: leaseMs * 1.5 });
const node = fc.nat(nodeCount - 1);
const one = <const Value>(value: Value): fc.Arbitrary<Value> => fc.constant(value);

const cut = (how: 'reset' | 'hold', ms: fc.Arbitrary<number>): fc.Arbitrary<Fault> =>
  fc.record({ do: one('cut from redis'), node, how: one(how), ms });
const restart = (how: 'in order' | 'by a power cut' | 'emptied'): fc.Arbitrary<Fault> =>
  fc.record({ do: one('restart redis'), how: one(how), ms: shortMs });

/** Each fault happens once in a round. */
const faults: readonly fc.Arbitrary<Fault>[] = [
  fc.record({ do: one('kill'), node, ms: someMs }),
  fc.record({ do: one('freeze'), node, ms: longMs }),
  cut('reset', shortMs),
  cut('reset', longMs),
  cut('hold', shortMs),
  cut('hold', longMs),
  restart('in order'),
  restart('by a power cut'),
  restart('emptied'),
  fc.record({ do: one('rolling restart') }),
];
export const faultsPerRound = faults.length;

const calm = fc.record({ calmMs: fc.integer({ min: 500, max: 1_500 }) });
const round: fc.Arbitrary<Step[]> = fc
  .shuffledSubarray([...faults], { minLength: faults.length })
  .chain((shuffled) => fc.tuple(...shuffled.map((fault) => fc.tuple(fault, calm))))
  .map((pairs) => pairs.map(([fault, pause]) => ({ ...fault, ...pause })));

const doing = <What extends Act['do']>(what: What) => fc.record({ do: one(what) });
const doingFor = <What extends Act['do']>(what: What) =>
  fc.record({ do: one(what), ms: fc.integer({ min: 100, max: 3_000 }) });
const deed = fc.oneof(
  { weight: 60, arbitrary: doing('say') },
  { weight: 8, arbitrary: doing('say twice') },
  { weight: 3, arbitrary: doing('be cut') },
  { weight: 1, arbitrary: doing('resume from further back') },
  { weight: 2, arbitrary: doingFor('be held') },
  { weight: 2, arbitrary: doingFor('leave') },
  { weight: 2, arbitrary: doingFor('disconnect') },
);

const drawn = <Value>(arbitrary: fc.Arbitrary<Value>, seed: number, count: number): Value[] =>
  fc.sample(fc.noBias(arbitrary), { seed, numRuns: count });

/** Returns the actions of the clients within this time. */
export function actsOf(seed: number, clients: number, ms: number): Act[] {
  const count = Math.ceil((clients * ms) / actEveryMs);
  return drawn(fc.tuple(fc.nat(ms), fc.nat(clients - 1), deed), seed, count)
    .map(([atMs, client, what]) => ({ atMs, client, ...what }) as Act)
    .sort((a, b) => a.atMs - b.atMs);
}

/** Returns one round: every fault once, in an order that the seed decides. */
export const scheduleOf = (seed: number, clients: number): Schedule => ({
  steps: drawn(round, seed, 1).flat(),
  acts: actsOf(seed, clients, roundMs),
});
