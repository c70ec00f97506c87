/** The signed-in user. */
export interface Stay {
  readonly token: string;
  /** E-mail address for the next sign-in; empty if the user entered a token. */
  readonly email: string;
}

/** The previous stay, which the sign-in form shows. */
export interface Before {
  readonly email: string;
  /** Why the stay ended; undefined after a sign-out. */
  readonly why: string | undefined;
}

const key = 'palaver';

/*
 * The token is in sessionStorage: a reload stays signed in, and closing the tab removes it. The password is not stored.
 * If storage is forbidden, a reload signs out.
 */

export function recall(): Stay | undefined {
  try {
    const { token, email } = Object(JSON.parse(sessionStorage.getItem(key) ?? 'null'));
    return typeof token === 'string' ? { token, email: String(email ?? '') } : undefined;
  } catch {
    return undefined;
  }
}

export function remember(stay: Stay): void {
  try {
    sessionStorage.setItem(key, JSON.stringify(stay));
  } catch {}
}

export function forget(): void {
  try {
    sessionStorage.removeItem(key);
  } catch {}
}
