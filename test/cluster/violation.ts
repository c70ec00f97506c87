/** The promises of the protocol that the checker holds a cluster to. */
export type Rule =
  | 'only what is declared'
  | 'nodes stay up'
  | 'one frame an id'
  | 'one order'
  | 'time goes on'
  | 'nothing twice'
  | 'nothing lost'
  | 'a nonce once'
  | 'who speaks is there'
  | 'joins and leaves alternate'
  | 'rosters agree'
  | 'final rosters'
  | 'every send answered'
  | 'a restart is a new epoch'
  | 'all is kept or in a gap'
  | 'histories agree';

/** One broken promise. */
export interface Violation {
  readonly rule: Rule;
  readonly says: string;
  /** The frames that prove it. */
  readonly frames: readonly string[];
}
