import fc from 'fast-check';
import type { Kit } from '../context/kit.ts';
import type { Violation } from '../errors.ts';

/** Tries so many values, and where one is found at fault looks for the smallest one that is. @throws {Violation} that of the smallest */
export async function shrunk<Value>(
  { seed }: Pick<Kit, 'seed'>,
  values: fc.Arbitrary<Value>,
  numRuns: number,
  faultOf: (value: Value) => Promise<Violation | undefined>,
): Promise<void> {
  let smallest: Violation | undefined;
  let tries = 0;
  const property = fc.asyncProperty(values, async (value) => {
    // Shrinking has a bound too: beyond it everything passes, and the smallest so far is what it was.
    tries += 1;
    if (tries > numRuns + maxShrinks) return;
    const fault = await faultOf(value);
    if (!fault) return;
    smallest = fault;
    throw fault;
  });
  const { failed, errorInstance } = await fc.check(property, { numRuns, seed });
  if (smallest) throw smallest;
  // Not a fault of the server: whatever it is, it has to be seen.
  if (failed) throw errorInstance;
}

const maxShrinks = 60;
