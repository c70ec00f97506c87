declare global {
  // As the library of TypeScript has it, for projects that compile without it.
  interface SymbolConstructor {
    readonly asyncDispose: unique symbol;
  }
}

/** Where the platform has no such symbol, compilers take this one. */
export const asyncDispose: typeof Symbol.asyncDispose =
  Symbol.asyncDispose ?? (Symbol.for('Symbol.asyncDispose') as typeof Symbol.asyncDispose);
