import { canRemoveMetadata } from '@darkroom/contracts/history/download-metadata'
import { removeMetadata } from '@darkroom/infra/images/metadata/remove-metadata'
import type { Store, StoredObject } from '@darkroom/infra/store/store'

/** A larger image is downloaded as it is: without metadata it is read into memory. */
const MAX_CLEANED_BYTES = 128 * 1024 * 1024

/** A file that is opened for a download. */
export interface OpenFile {
  body: Blob | ReadableStream<Uint8Array>
  /** Whether metadata was removed. */
  isCleaned: boolean
}

/**
 * Opens a stored output, as it is or without metadata. Types that cannot be written without it stay as they are.
 *
 * @returns null if the object does not exist
 * @throws StoreError when the store does not respond
 */
export async function openFile(
  store: Store,
  output: { key: string; mimeType: string | null },
  options: { withoutMetadata: boolean },
): Promise<OpenFile | null> {
  const found = await store.get(output.key)
  if (!found) return null
  if (!options.withoutMetadata || !isCleanable(output, found.object)) return { body: found.body, isCleaned: false }
  const bytes = await new Response(found.body).bytes()
  // Views of `bytes` and small buffers: none of shared memory, which a Blob does not take.
  const parts = removeMetadata(bytes) as Uint8Array<ArrayBuffer>[] | undefined
  return { body: new Blob(parts ?? [bytes]), isCleaned: parts !== undefined }
}

/** Returns whether an output can be opened without its metadata: then it is read into memory. */
export function isCleanable(
  { mimeType }: { mimeType: string | null },
  { bytes }: Pick<StoredObject, 'bytes'>,
): boolean {
  return canRemoveMetadata(mimeType) && bytes <= MAX_CLEANED_BYTES
}
