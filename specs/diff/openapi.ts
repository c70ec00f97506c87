import type { Json } from '../emit/schema.ts';
import { type Change, changes, plain } from './change.ts';

/** Edits that no client has to know of, where they are and what they are. All others count as breaking. */
type Harmless = readonly [place: RegExp, is: (change: Change) => boolean];

const added = ({ action }: Change): boolean => action === 'add';
const removed = ({ action }: Change): boolean => action === 'remove';
const wider =
  (sign: 1 | -1) =>
  ({ action, before, after }: Change): boolean =>
    action === 'edit' && sign * (Number(after) - Number(before)) > 0;

const body = '/requestBody/.*/schema(/.*)?';
const answer = '(/responses|^/x-unmatched)/\\d+/.*/schema(/.*)?';

const harmless: readonly Harmless[] = [
  // Something new beside what there is.
  [/^\/paths\/[^/]+$/, added],
  [/^\/paths\/[^/]+\/(get|put|post|delete|patch)$/, added],
  // A client takes a status that it doesn't know for the first of its kind (RFC 9110, 15), and decides by the code.
  [/\/responses\/[45]\d\d$/, (change) => !('before' in change) || removed(change)],
  [/\/responses\/\d+\/headers(\/[^/]+)?$/, added],
  [/\/parameters\/[^/]+$/, (change) => added(change) && (change.after as Json).required !== true],
  [/\/(tags|operationId)(\/.*)?$/, () => true],
  // Requests may become wider: the server accepts more than before.
  [/\/requestBody\/content\/[^/]+$/, added],
  [new RegExp(`${body}/properties/[^/]+$`), added],
  [new RegExp(`${body}/required/[^/]+$`), removed],
  [new RegExp(`${body}/enum/[^/]+$`), added],
  [new RegExp(`${body}/(minLength|minimum|minItems)$`), (change) => removed(change) || wider(-1)(change)],
  [new RegExp(`${body}/(maxLength|maximum|maxItems)$`), (change) => removed(change) || wider(1)(change)],
  [new RegExp(`${body}/pattern$`), removed],
  // Answers may become narrower. Clients ignore members that they don't know.
  [new RegExp(`${answer}/properties/[^/]+$`), added],
  [new RegExp(`${answer}/properties/code/enum/[^/]+$`), () => true],
  [new RegExp(`${answer}/required/[^/]+$`), added],
  [new RegExp(`${answer}/enum/[^/]+$`), removed],
  [new RegExp(`${answer}/(minLength|minimum|minItems)$`), (change) => added(change) || wider(1)(change)],
  [new RegExp(`${answer}/(maxLength|maximum|maxItems)$`), (change) => added(change) || wider(-1)(change)],
];

/** Returns the part that matters to clients: operations, and the answers to everything else. */
const contractOf = (document: Json): unknown =>
  plain(document, { security: document.security, paths: document.paths, 'x-unmatched': document['x-unmatched'] });

/** The edits between two bundled OpenAPI documents that may break a client; what isn't known to be harmless counts. */
export const breakingOpenapi = (before: Json, after: Json): Change[] =>
  changes(contractOf(before), contractOf(after)).filter(
    (change) => !harmless.some(([place, is]) => place.test(change.path) && is(change)),
  );
