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

/** A case that was to be tried, and couldn't for want of something that is no fault of the server: the run is not complete. */
export class Unfinished extends NotTried {
  override name = 'Unfinished';
}

/** The kit could not run at all, which says nothing of the contract: exit code 2. */
export class CouldNotRun extends Error {
  override name = 'CouldNotRun';
}
