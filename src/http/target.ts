/** Characters of a host with an optional port (RFC 9110, 7.2). */
const hostAndPort = /^[\w.:[\]-]+$/;
/** Path or whole URI, without user, password and fragment (RFC 9112, 3.2; RFC 9110, 4.2.4). */
const wholeTarget = /^(?:https?:\/\/[^/?#@\\]+(?=[/?]|$))?(\/[^?#\\]*)?(\?[^#]*)?$/;
/** Segment that disappears when a URL is normalized (WHATWG URL, 4.4). */
const dotSegment = /\/(?:\.|%2e){1,2}(?=\/|$)/i;

/** Returns whether the value of a `Host` header is a valid host. */
export const isHost = (host: string): boolean => hostAndPort.test(host) && URL.canParse(`http://${host}/`);

/**
 * Returns the fault of a request's target, as the client sent it. Each path has one spelling, so that a proxy in front of
 * this server need not normalize paths as the server does.
 */
export function faultOfTarget(target: string): 'malformed_request' | 'not_found' | undefined {
  const [whole, path = ''] = wholeTarget.exec(target) ?? [];
  if (!whole) return 'malformed_request';
  return dotSegment.test(path) ? 'not_found' : undefined;
}

/** Returns the path of a target, as the client sent it; an empty text for a malformed one. */
export const pathOfTarget = (target: string): string => wholeTarget.exec(target)?.[1] ?? '';

/** Returns the path of a request's URL, as the client sent it: `/%6Aoin` is not `/join`. */
export function rawPath({ url }: Pick<Request, 'url'>): string {
  const start = url.indexOf('/', url.indexOf(':') + 3);
  const end = url.slice(start).search(/[?#]/);
  return end === -1 ? url.slice(start) : url.slice(start, start + end);
}
