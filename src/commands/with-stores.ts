import { openStores, type Stores } from '../stores.ts';
import { explainingDataDir } from './start-fault.ts';

/** Time to wait for a server that holds the write lock. No request waits for this process. */
const busyTimeoutMs = 5_000;

/** Opens the server's stores, calls `work` with them, and closes them. */
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
