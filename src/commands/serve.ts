import closeWithGrace from 'close-with-grace';
import { loadConfig } from '../config.ts';
import { createLog } from '../log.ts';
import { startServer } from '../server.ts';
import { type Command, exitCodes, UsageError } from './command.ts';

/** How long an orderly end may take beyond the drain window; then the process ends all the same. */
const stopTimeoutMs = 10_000;

export const serve: Command = {
  usage: `palaver serve

Starts the server, until SIGTERM or SIGINT. What it takes is set by environment variables, or in a file .env.
`,
  run: async (args) => {
    if (args.length > 0) throw new UsageError('palaver serve takes no arguments: it is set by environment variables');
    const config = loadConfig();
    const log = createLog(config);
    const { host, port, stop } = await startServer(config, log).catch((error: Error) => {
      throw new Error(`Palaver could not start: ${error.message}`);
    });
    const address = `${host.includes(':') ? `[${host}]` : host}:${port}`;
    closeWithGrace({ delay: config.drainWindowS * 1_000 + stopTimeoutMs, logger: log }, async ({ err, signal }) => {
      if (err) log.fatal({ err }, 'Palaver failed');
      else log.info({ signal }, 'Palaver is stopping');
      await stop(err !== undefined);
      log.info('Palaver has stopped');
    });
    // Only now: whoever waits for this line may send a signal next.
    log.info({ http: `http://${address}`, chat: `ws://${address}/join` }, 'Palaver is listening');
    return exitCodes.done;
  },
};
