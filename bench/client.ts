import { once } from 'node:events';
import { WebSocket } from 'ws';

const openTimeoutMs = 60_000;

export interface Frame {
  readonly type: string;
  readonly id: string;
  readonly msg: { readonly nonce?: string; readonly recovered?: boolean };
}

/** Joins. Calls `onFrame` with every frame. */
export async function connect(
  port: number,
  token: string,
  onFrame: (frame: Frame) => void,
  lastEventId?: string,
): Promise<WebSocket> {
  const query = lastEventId === undefined ? '' : `?last_event_id=${lastEventId}`;
  const socket = new WebSocket(`ws://127.0.0.1:${port}/join${query}`, {
    headers: { Authorization: `Bearer ${token}` },
    perMessageDeflate: false,
  });
  socket.on('message', (data: Buffer) => onFrame(JSON.parse(data.toString())));
  await once(socket, 'open', { signal: AbortSignal.timeout(openTimeoutMs) });
  return socket;
}
