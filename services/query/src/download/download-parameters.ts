import { DownloadItem, DownloadMetadata, MAX_DOWNLOAD_ITEMS } from '@darkroom/contracts/history/download'
import { z } from 'zod'
import { splitAtCommas } from '../comma-list.ts'

/** Query parameters of a download. More ids than an address can have are posted. */
export const DownloadParameters = z.strictObject({
  ids: z.preprocess(splitAtCommas, z.array(DownloadItem).min(1).max(MAX_DOWNLOAD_ITEMS)),
  metadata: DownloadMetadata.optional(),
})

/** Query parameters of the download of one file. */
export const FileParameters = z.strictObject({ metadata: DownloadMetadata.optional() })

/** The outputs of a generation that are requested: their indexes, or all. */
export type RequestedOutputs = Set<number> | 'all'

/** Returns the requested outputs of each generation, in the order of the first item of each. Repeated items count once. */
export function groupItems(items: readonly string[]): Map<string, RequestedOutputs> {
  const outputsById = new Map<string, RequestedOutputs>()
  for (const item of items) {
    const [id = '', index] = item.toLowerCase().split('.')
    const earlier = outputsById.get(id)
    if (index === undefined || earlier === 'all') outputsById.set(id, 'all')
    else outputsById.set(id, (earlier ?? new Set<number>()).add(Number(index)))
  }
  return outputsById
}
