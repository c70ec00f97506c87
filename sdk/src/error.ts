import type { OperationId, Operations, Problem } from './generated/index.ts';

/** Every code that an operation may answer. */
export type PalaverErrorCode = Operations[OperationId]['code'] | 'connection_failed';

/** What an operation rejects with: the problem that the server answered, or `connection_failed` where none came. */
export class PalaverError extends Error {
  override name = 'PalaverError';
  readonly code: PalaverErrorCode;
  readonly status: number | undefined;
  readonly problem: Problem | undefined;

  constructor(code: PalaverErrorCode, message: string, options: ErrorOptions & { problem?: Problem } = {}) {
    super(message, options);
    this.code = code;
    this.problem = options.problem;
    this.status = options.problem?.status;
  }
}
