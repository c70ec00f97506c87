/** Rejects if the promise has not settled by a generous deadline, only against hanging. The error names the missing event. */
export async function within<T>(promise: Promise<T>, what: string | (() => string), deadlineMs = 10_000): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => {
      reject(new Error(`Waited ${deadlineMs / 1_000} s for ${typeof what === 'string' ? what : what()}`));
    }, deadlineMs);
  });
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}
