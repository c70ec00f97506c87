/** Reports that the server broke the contract. */
export class Violation extends Error {
  override name = 'Violation';
  /** A `curl`, or an exchange of frames, that shows the violation. */
  readonly show: string | undefined;
  constructor(what: string, show?: string) {
    super(what);
    this.show = show;
  }
}

/** Reports that a case was not tried, and why. */
export class NotTried extends Error {
  override name = 'NotTried';
}

/** Reports that a requested case could not be tried, for a reason that is no fault of the server. The run is incomplete. */
export class Unfinished extends NotTried {
  override name = 'Unfinished';
}

/** Reports that the kit could not run at all: exit code 2. */
export class CouldNotRun extends Error {
  override name = 'CouldNotRun';
}

/** Reports wrong arguments. */
export class UsageError extends CouldNotRun {
  override name = 'UsageError';
}
