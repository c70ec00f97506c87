/** The server broke the contract. */
export class Violation extends Error {
  override name = 'Violation';
  /** A `curl`, or the exchange of frames, that shows it. */
  readonly show: string | undefined;
  constructor(what: string, show?: string) {
    super(what);
    this.show = show;
  }
}

/** Nothing can be said of a case, and why. */
export class NotTried extends Error {
  override name = 'NotTried';
}

/** The kit could not run at all, which says nothing of the contract: exit code 2. */
export class CouldNotRun extends Error {
  override name = 'CouldNotRun';
}
