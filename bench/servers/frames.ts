/** Members like those of Palaver's frames beside `msg`, so that all servers send frames of the same length. */
const epoch = String(Date.now()).padStart(16, '0');
let count = 0;

const stamp = (): { id: string; sent_at: string } => {
  count += 1;
  return { id: `${epoch}-${String(count).padStart(16, '0')}`, sent_at: new Date().toISOString() };
};

export const usersOnline = (list: Iterable<string>) => ({ ...stamp(), msg: { list: [...list] } });
/** For `user_joined` and `user_left`. */
export const who = (username: string) => ({ ...stamp(), msg: { username } });
export const chatMessage = (from_user: string, text: string) => ({ ...stamp(), msg: { from_user, text } });

/** A frame as text. */
export const encode = (type: string, frame: object): string => JSON.stringify({ type, ...frame });

/** Returns the text in a client's frame. */
export const textOf = (frame: string): string => JSON.parse(frame).msg.text;

/** Returns the name in a handshake. The peers take the token as the name and check nothing, which favours them. */
export const nameIn = (authorization: string | null | undefined): string =>
  (authorization ?? '').replace(/^Bearer /, '');

/** Prints the port, for the bench. */
export const sayPort = (port: number | undefined): void => console.log(`listening on http://127.0.0.1:${port}`);
