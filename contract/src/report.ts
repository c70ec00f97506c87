/** What became of one case. */
export interface Result {
  /** Stable from run to run and from server to server, such as `http.login.401.invalid_credentials` or `rule.echo`. */
  readonly id: string;
  readonly outcome: 'kept' | 'broken' | 'not_tried';
  /** What the server did where it is broken; why, where it was not tried. */
  readonly what?: string;
  /** The smallest `curl`, or exchange of frames, that shows what is broken. */
  readonly show?: string;
}

/** What a server did, and what shows it. */
export type Finding = Required<Pick<Result, 'what'>> & Pick<Result, 'show'>;

export interface Report {
  readonly kit: string;
  readonly url: string;
  /** Gives the same run once more. */
  readonly seed: number;
  /** False where the time was over before all cases were tried. */
  readonly complete: boolean;
  readonly durationMs: number;
  readonly requests: number;
  readonly frames: number;
  readonly results: readonly Result[];
  /** What the run has left on the server: names of users. */
  readonly leftBehind: readonly string[];
}
