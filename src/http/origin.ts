/** Schemes whose pages have no origin of their own: browsers send `null` for all of them. */
const opaque = ['file', 'data', 'blob', 'about', 'javascript'];
const shape = /^([a-z][a-z\d+.-]*):\/\/([^\s/?#@*,\\]+)([/?#].*)?$/i;

/**
 * Returns an origin as browsers write it (RFC 6454, 6.2). It may be that of a website, such as
 * `https://app.example.com`, or of an app or an extension, such as `capacitor://localhost`. @throws with the fault of
 * the text
 */
export function readOrigin(text: string): string {
  const scheme = /^([a-z][a-z\d+.-]*):/i.exec(text)?.[1]?.toLowerCase() ?? '';
  // Any page can have this origin, for example in a sandbox.
  if (text === 'null' || opaque.includes(scheme))
    throw new Error('null, which pages from files and in sandboxes send, is not a single origin; only * allows it');
  const [, , host, rest = ''] = shape.exec(text) ?? [];
  if (host === undefined) throw new Error('an origin is a scheme and a host, such as https://app.example.com');
  const origin = scheme === 'http' || scheme === 'https' ? websiteOrigin(`${scheme}://${host}`) : `${scheme}://${host}`;
  if (rest === '/') throw new Error(`remove the slash at the end: write ${origin}`);
  if (rest !== '') throw new Error(`an origin has no path: write ${origin}`);
  if (scheme === 'ws' || scheme === 'wss')
    throw new Error(`the origin is the page's, not the chat's: write ${origin.replace(/^ws/, 'http')}`);
  return origin;
}

/** Returns the origin with its host in lower case and ASCII, and without a default port. */
function websiteOrigin(url: string): string {
  if (!URL.canParse(url)) throw new Error('an origin is a scheme and a host, such as https://app.example.com');
  return new URL(url).origin;
}
