/**
 * Writes to standard output, and resolves once that has taken it. A reader that has seen enough is no fault.
 * @throws where it can't be written
 */
export async function print(text: string): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  process.stdout.write(text, (error) => {
    const code = (error as NodeJS.ErrnoException | null | undefined)?.code;
    if (!error || code === 'EPIPE') resolve();
    else reject(new Error(`Standard output cannot be written (${code})`));
  });
  return promise;
}
