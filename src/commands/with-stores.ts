import { openStores, type Stores } from '../stores.ts';
import { explainingDataDir } from './start-fault.ts';

/** Nobody waits for this process: it can wait for a server that writes. */
const busyTimeoutMs = 5_000;

/** Opens what the server keeps, works with it, and closes it. */
export async function withStores<T>(
  config: Parameters<typeof openStores>[0],
  work: (stores: Stores) => Promise<T>,
): Promise<T> {
  const stores = await explainingDataDir(config.dataDir, () => openStores(config, { busyTimeoutMs }));
  try {
    return await work(stores);
  } finally {
    await stores.database.close();
  }
}
