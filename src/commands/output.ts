/**
 * Writes to standard output. Resolves when the text is written, or when its reader, such as `head`, has closed the pipe.
 * @throws if standard output can't be written
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
