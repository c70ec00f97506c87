/** Who is signed in here. */
export interface Stay {
  readonly token: string;
  /** For the next sign-in; empty where tokens come from elsewhere. */
  readonly email: string;
}

/** Nobody is signed in: what a sign-in begins with. */
export interface Before {
  readonly email: string;
  /** Why one is here again. */
  readonly why: string | undefined;
}

const key = 'palaver';

/*
 * In sessionStorage: it lets a reload stay signed in, belongs to this tab alone, and goes with it. The password is kept
 * nowhere. Where storage is forbidden, a reload signs out.
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
