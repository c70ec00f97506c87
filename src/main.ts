import closeWithGrace from 'close-with-grace';
import { ConfigError, loadConfig } from './config.ts';
import { createLog } from './log.ts';
import { startServer } from './server.ts';

/** How long an orderly end may take beyond the drain window; then the process ends all the same. */
const stopTimeoutMs = 10_000;

try {
  const config = loadConfig();
  const log = createLog(config);
  const { host, port, stop } = await startServer(config, log);
  const address = `${host.includes(':') ? `[${host}]` : host}:${port}`;
  closeWithGrace({ delay: config.drainWindowS * 1_000 + stopTimeoutMs, logger: log }, async ({ err, signal }) => {
    if (err) log.fatal({ err }, 'Palaver failed');
    else log.info({ signal }, 'Palaver is stopping');
    await stop(err !== undefined);
    log.info('Palaver has stopped');
  });
  // Only now: whoever waits for this line may send a signal next.
  log.info({ http: `http://${address}`, chat: `ws://${address}/join` }, 'Palaver is listening');
} catch (error) {
  console.error(error instanceof ConfigError ? error.message : `Palaver could not start: ${(error as Error).message}`);
  process.exitCode = 1;
}
