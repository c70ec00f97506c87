const parts = (version: string): number[] => version.split(/[.+-]/, 3).map(Number);

/** Whether clients of one version have to expect anything of the next (semver.org): another major, before 1.0 another minor. */
export function isBreakingRelease(before: string, after: string): boolean {
  const [[major = 0, minor = 0], [nextMajor = 0, nextMinor = 0]] = [parts(before), parts(after)];
  return nextMajor > major || (major === 0 && nextMajor === 0 && nextMinor > minor);
}
