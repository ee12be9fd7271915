import type { ServiceConfig } from '../config.ts'
import { openDiskStore } from './disk.ts'
import type { Store } from './store.ts'

/** Opens the store that the configuration names: an S3 bucket if there is one, else a folder of the data directory. */
export async function openStore(
  config: Pick<ServiceConfig, 'DATA_DIR'> & Partial<Pick<ServiceConfig, 's3'>>,
): Promise<Store> {
  if (!config.s3) return await openDiskStore({ root: `${config.DATA_DIR}/objects` })
  // Imported on demand: a studio that stores on disk does not wait for the SDK to load.
  const { openS3Store } = await import('./s3/s3.ts')
  return openS3Store(config.s3)
}
