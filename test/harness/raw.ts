import { connect as dial } from 'node:net';
import { within } from './deadline.ts';
import { type Answer, recorded } from './http.ts';
import type { TestServer } from './server.ts';

/** Returns a complete response, or undefined. */
export function whole(
  bytes: Buffer,
  ended: boolean,
): { status: number; headers: Record<string, string>; text: string } | undefined {
  const [head = '', body = ''] = bytes.toString().split(/\r\n\r\n(.*)/s);
  const [statusLine = '', ...lines] = head.split('\r\n');
  const fields = lines.map((line) => /^([^:]+): *(.*)$/.exec(line) ?? []);
  const headers = Object.fromEntries(fields.map(([, name = '', value = '']) => [name.toLowerCase(), value]));
  const complete = Buffer.byteLength(body) === Number(headers['content-length'] ?? Number.NaN);
  return ended || complete ? { status: Number(statusLine.split(' ')[1]), headers, text: body } : undefined;
}

/**
 * Sends bytes, one write each, and reads one response. `asked` names the request, if the bytes are one.
 */
export async function exchange(
  { host, port }: TestServer,
  writes: Iterable<string | Uint8Array>,
  asked?: { readonly method: string; readonly path: string },
): Promise<Answer> {
  const socket = dial({ host, port, noDelay: true });
  const chunks: Buffer[] = [];
  const answered = new Promise<NonNullable<ReturnType<typeof whole>>>((resolve) => {
    const look = (ended: boolean): void => {
      const response = whole(Buffer.concat(chunks), ended);
      if (response) resolve(response);
    };
    socket.on('data', (chunk: Buffer) => {
      chunks.push(chunk);
      look(false);
    });
    // Unread bytes may cause a reset after the response.
    socket.on('error', () => {});
    socket.on('close', () => look(true));
  });
  for (const bytes of writes) socket.write(bytes);
  try {
    const { status, headers, text } = await within(answered, () => `a response; so far: ${Buffer.concat(chunks)}`);
    return recorded(asked, status, headers, text);
  } finally {
    socket.destroy();
  }
}
