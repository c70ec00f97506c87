/** One HTTP request, over a connection of its own or one of an agent. */
import { type Agent, request } from 'node:http';
import type { Socket } from 'node:net';

interface Call {
  readonly port: number;
  readonly path: string;
  readonly token: string;
  /** Sent as JSON by POST; without it the method is GET. */
  readonly body?: object;
  readonly agent?: Agent;
}

export interface Reply {
  readonly status: number;
  readonly text: string;
  /** Connection that it came over. */
  readonly socket: Socket;
}

const timeoutMs = 6_000;

/** @throws where no whole answer comes in time */
export const call = ({ port, path, token, body, agent }: Call): Promise<Reply> =>
  new Promise((resolve, reject) => {
    const headers = { Authorization: `Bearer ${token}`, ...(body && { 'Content-Type': 'application/json' }) };
    const method = body ? 'POST' : 'GET';
    const asked = request({ host: '127.0.0.1', port, path, method, headers, agent: agent ?? false }, (response) => {
      const { socket } = response;
      let text = '';
      response.setEncoding('utf8');
      response.on('data', (chunk: string) => {
        text += chunk;
      });
      response.on('end', () => resolve({ status: response.statusCode ?? 0, text, socket }));
      response.on('close', () => reject(new Error('The answer broke off')));
      response.on('error', reject);
    });
    asked.setTimeout(timeoutMs, () => asked.destroy(new Error('No answer in time')));
    asked.on('error', reject);
    asked.end(body && JSON.stringify(body));
  });
