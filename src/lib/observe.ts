/** Hears of a call to an external system: its name, how long it took, and whether it failed. */
export type ObserveCall = (operation: string, seconds: number, failed: boolean) => void;

/** Makes a call, and reports its duration and outcome. */
export async function observed<T>(observe: ObserveCall, operation: string, call: () => Promise<T>): Promise<T> {
  const startedMs = performance.now();
  let failed = true;
  try {
    const result = await call();
    failed = false;
    return result;
  } finally {
    observe(operation, (performance.now() - startedMs) / 1_000, failed);
  }
}

/** A port of asynchronous calls only, which can be wrapped. */
export type Calls<Port> = { [Name in keyof Port]: (...given: never[]) => Promise<unknown> };

/** Returns the port with `around` making each call, by its name. */
export function wrappedPort<Port extends Calls<Port>>(
  port: Port,
  around: (name: string, call: () => Promise<unknown>) => Promise<unknown>,
): Port {
  const calls = Object.entries<(...given: unknown[]) => Promise<unknown>>(port as never);
  return Object.fromEntries(
    calls.map(([name, call]) => [name, (...given: unknown[]) => around(name, () => call(...given))]),
  ) as never;
}

/** Returns the port with each call observed by its name. */
export const observedPort = <Port extends Calls<Port>>(port: Port, observe: ObserveCall): Port =>
  wrappedPort(port, (name, call) => observed(observe, name, call));
