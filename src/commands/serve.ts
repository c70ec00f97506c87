import closeWithGrace from 'close-with-grace';
import { loadConfig, loadUnknownSettings } from '../config.ts';
import { createLog } from '../log/log.ts';
import { startServer } from '../server.ts';
import { type Command, exitCodes, UsageError } from './command.ts';
import { watchDescriptors } from './descriptors.ts';
import { explainStart } from './start-fault.ts';

/** Time that a shutdown may take beyond the drain window. Then the process exits anyway. */
const stopTimeoutMs = 10_000;

const addressOf = (host: string, port: number): string => `${host.includes(':') ? `[${host}]` : host}:${port}`;

export const serve: Command = {
  usage: `palaver serve

Run the server until SIGTERM or SIGINT. Configure it with environment variables, or in the file .env.
`,
  run: async (args) => {
    if (args.length > 0)
      throw new UsageError('palaver serve takes no arguments: configure it with environment variables');
    const config = loadConfig();
    const log = createLog(config);
    for (const unknown of loadUnknownSettings()) log.event('setting_unknown', { ...unknown });
    const { host, port, metrics, stop } = await startServer(config, log).catch((error: Error) => {
      throw new Error(`Palaver could not start: ${explainStart(error, config)}`, { cause: error });
    });
    watchDescriptors(config, log);
    const address = addressOf(host, port);
    const delay = config.drainWindowS * 1_000 + stopTimeoutMs;
    const logger = {
      error: (why: unknown) => log.event('stop_failed', { err: why instanceof Error ? why : new Error(String(why)) }),
    };
    closeWithGrace({ delay, logger }, async ({ err, signal }) => {
      if (err) log.event('server_failed', { err });
      else log.event('server_stopping', { signal });
      await stop(err !== undefined);
      log.event('server_stopped', {});
    });
    // After the signal handlers are set: a program that waits for this line may send a signal next.
    log.event('server_listening', {
      http: `http://${address}`,
      chat: `ws://${address}/join`,
      metrics: metrics && `http://${addressOf(metrics.host, metrics.port)}/metrics`,
    });
    return exitCodes.success;
  },
};
