import { objectKeys, previewKey } from '@darkroom/contracts/previews'
import type { Database } from '@darkroom/infra/database/connection'
import { transaction } from '@darkroom/infra/database/transaction'
import type { Identity } from '@darkroom/infra/http/identity'
import { OUTPUT_LIMITS } from '@darkroom/infra/images/check-image'
import type { ImageDecoder } from '@darkroom/infra/images/decoder/image-decoder'
import { MediaError } from '@darkroom/infra/images/media-error'
import type { Store } from '@darkroom/infra/store/store'
import { cancelObjectRemovals } from '../references/reference-rows.ts'
import { deriveGenerationId, toClientId } from './import-ids.ts'
import { type ImportedOutput, insertImport, isImported, type StoredOutput } from './import-rows.ts'
import { readImportFile } from './read-file.ts'
import { type ImportRecord, RecordError } from './record.ts'

export interface ImportDeps {
  database: Database
  store: Pick<Store, 'put'>
  images: Pick<ImageDecoder, 'read'>
  identity: Identity
  /** Folder that the files of outputs are in. */
  folder: string
  signal: AbortSignal
}

/**
 * Imports a generation of another system. One that was imported before stays as it is, and nothing is stored for it.
 *
 * @throws RecordError if a file of it is missing, outside of the folder, too large, or no image
 */
export async function importRecord(deps: ImportDeps, record: ImportRecord): Promise<'imported' | 'known'> {
  const { database, identity } = deps
  const clientId = toClientId(record.externalId)
  if (await isImported(database, identity.workspaceId, clientId)) return 'known'
  const id = deriveGenerationId(clientId, identity.workspaceId, record.createdAt)
  const outputs: ImportedOutput[] = []
  for (const [index, { url, file, width, height, isFavourite }] of record.outputs.entries()) {
    if (file !== null) outputs.push({ ...(await storeFile(deps, { id, index, file })), isFavourite })
    else if (url !== null) outputs.push({ kind: 'temporary', url, width, height, isFavourite })
  }
  const isInserted = await transaction(database, tx => insertImport(tx, { id, clientId, identity, record, outputs }))
  return isInserted ? 'imported' : 'known'
}

async function storeFile(
  { database, store, images, identity, folder, signal }: ImportDeps,
  { id, index, file }: { id: string; index: number; file: string },
): Promise<StoredOutput> {
  const { bytes } = await readImportFile(folder, file, OUTPUT_LIMITS.bytes)
  const { previews, extension, ...image } = await images.read(bytes, OUTPUT_LIMITS, { signal }).catch(cause => {
    throw cause instanceof MediaError ? new RecordError(`${file} ${cause.message}`, { cause }) : cause
  })
  const key = `w/${identity.workspaceId}/gen/${id}/0/${index}.${extension}`
  // An import that was cut off may have stored it without a row: its removal may be scheduled.
  await cancelObjectRemovals(database, identity.workspaceId, objectKeys(key))
  await Promise.all([
    store.put(key, bytes, { signal }),
    ...previews.map(preview => store.put(previewKey(key, preview.width), preview.bytes, { signal })),
  ])
  const sha256 = new Bun.CryptoHasher('sha256').update(bytes).digest('hex')
  return { ...image, kind: 'stored', key, bytes: bytes.byteLength, sha256 }
}
