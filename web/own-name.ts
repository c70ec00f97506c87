/**
 * Which names a token may give its owner, read for display only. Its claims may have other names than ours, so without
 * a `username` any text in it will do.
 */
function namesIn(token: string): readonly string[] {
  try {
    const base64 = token.split('.')[1]!.replaceAll('-', '+').replaceAll('_', '/');
    const bytes = Uint8Array.from(atob(base64), (character) => character.charCodeAt(0));
    const claims: Record<string, unknown> = Object(JSON.parse(new TextDecoder().decode(bytes)));
    const candidates = typeof claims.username === 'string' ? [claims.username] : Object.values(claims);
    return candidates.filter((claim) => typeof claim === 'string');
  } catch {
    return [];
  }
}

/** The server's own idea of the same name. */
const fold = (name: string): string => name.normalize('NFKC').toLowerCase();

/** Who of these one is oneself: another connection of the same user may have written the name in another way. */
export function ownName(token: string, roster: readonly string[]): string | undefined {
  const names = namesIn(token).map(fold);
  return roster.find((name) => names.includes(fold(name)));
}
