/** The guarantees of the protocol that the checker verifies. */
export type Rule =
  | 'only what is declared'
  | 'nodes stay up'
  | 'one frame an id'
  | 'one order'
  | 'time goes on'
  | 'nothing twice'
  | 'nothing lost'
  | 'a nonce once'
  | 'senders are present'
  | 'a user has one name'
  | 'events fit their frames'
  | 'streams say why they end'
  | 'answered after delivery'
  | 'joins and leaves alternate'
  | 'rosters agree'
  | 'final rosters'
  | 'every send answered'
  | 'a restart is a new epoch'
  | 'stored or in a gap'
  | 'histories agree';

/** A broken guarantee. */
export interface Violation {
  readonly rule: Rule;
  readonly says: string;
  /** Frames that prove it. */
  readonly frames: readonly string[];
}
