import type { Command } from '../../sdk/typescript/test/runtimes/suite-tools.ts';
import { startTestServer, type TestServer } from './server.ts';
import { startTcpProxy, type TcpProxy } from './tcp-proxy.ts';
import { mint } from './tokens.ts';

/** A server behind a network that fails on demand. */
export interface SdkWorld {
  readonly server: TestServer;
  readonly proxy: TcpProxy;
  /** Address of the server, through the proxy. */
  readonly url: string;
  readonly control: (command: Command, ...args: unknown[]) => Promise<unknown>;
  [Symbol.asyncDispose](): Promise<void>;
}

export async function startSdkWorld(env: Readonly<Record<string, string>> = {}): Promise<SdkWorld> {
  const server = await startTestServer({ env });
  const proxy = await startTcpProxy(server.port);
  const commands: Record<Command, (argument: never) => unknown> = { ...proxy, mint };
  return {
    server,
    proxy,
    url: `http://127.0.0.1:${proxy.port}`,
    control: async (command, ...args) => commands[command](...(args as [never])),
    async [Symbol.asyncDispose]() {
      await proxy.close();
      await server.stop();
    },
  };
}
