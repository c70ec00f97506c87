/** A host, and a port (RFC 9110, 7.2). */
const hostAndPort = /^[\w.:[\]-]+$/;
/** A path, or the whole URI, of the server alone: without user, password or fragment (RFC 9112, 3.2; RFC 9110, 4.2.4). */
const wholeTarget = /^(?:https?:\/\/[^/?#@\\]+(?=[/?]|$))?(\/[^?#\\]*)?(\?[^#]*)?$/;
/** A part of a path that is removed where URLs are normalized (WHATWG URL, 4.4). */
const dotSegment = /\/(?:\.|%2e){1,2}(?=\/|$)/i;

/** Whether a `Host` header can name a host. */
export const isHost = (host: string): boolean => hostAndPort.test(host) && URL.canParse(`http://${host}/`);

/**
 * Returns the fault of the target of a request, as it was sent. A path has one spelling: if another one were normalized to
 * it, whatever stands in front of this server and reads paths would have to normalize it in the same way.
 */
export function faultOfTarget(target: string): 'malformed_request' | 'not_found' | undefined {
  const [whole, path = ''] = wholeTarget.exec(target) ?? [];
  if (!whole) return 'malformed_request';
  return dotSegment.test(path) ? 'not_found' : undefined;
}

/** The path of a request's URL, as it was sent: `/%6Aoin` is not `/join`. */
export function rawPath({ url }: Pick<Request, 'url'>): string {
  const start = url.indexOf('/', url.indexOf(':') + 3);
  const end = url.slice(start).search(/[?#]/);
  return end === -1 ? url.slice(start) : url.slice(start, start + end);
}
