/**
 * Opens a room.
 *
 * What it returns is open.
 * @param name - Who is in it.
 */
export function openRoom(name: string): string {
  // It is not sent. That
  // the room is open is enough.
  return name; // Of this there is one.
}

/** Uses {@link openRoom}, which can not fail. */
export const room = openRoom('what-is-an-id');
