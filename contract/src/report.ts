/** The outcome of one case. */
export interface Result {
  /** Stable from run to run and from server to server, such as `http.login.401.invalid_credentials` or `rule.echo`. */
  readonly id: string;
  readonly outcome: 'kept' | 'broken' | 'not_tried';
  /** The violation, or the reason why the case was not tried. */
  readonly what?: string;
  /** The smallest `curl`, or exchange of frames, that shows the violation. */
  readonly show?: string;
}

/** A violation, and the request or exchange that shows it. */
export type Finding = Required<Pick<Result, 'what'>> & Pick<Result, 'show'>;

export interface Report {
  readonly kit: string;
  readonly url: string;
  /** Repeats the run with `--seed`. */
  readonly seed: number;
  /** False if the time ran out, or the server went away, before all cases were tried. */
  readonly complete: boolean;
  readonly durationMs: number;
  readonly requests: number;
  readonly frames: number;
  readonly results: readonly Result[];
  /** Names of the users that the run left on the server. */
  readonly leftBehind: readonly string[];
}
