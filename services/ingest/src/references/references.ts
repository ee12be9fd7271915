import { PREVIEW_WIDTHS, previewKey } from '@darkroom/contracts/previews'
import { mediaUrl } from '@darkroom/contracts/routes'
import { type Database, type Transaction, transaction } from '@darkroom/infra/database/connection'
import type { Identity } from '@darkroom/infra/http/identity'
import { ProblemError } from '@darkroom/infra/http/problem'
import { REFERENCE_LIMITS } from '@darkroom/infra/images/check-image'
import { type DecodedImage, readImage } from '@darkroom/infra/images/image'
import { MediaError } from '@darkroom/infra/images/media-error'
import type { Log } from '@darkroom/infra/log'
import { failpoint } from '@darkroom/infra/runtime/failpoint'
import type { Store } from '@darkroom/infra/store/store'
import pLimit from 'p-limit'
import { cancelObjectRemovals, findReferences, insertReferences, type ReferenceRow } from './reference-rows.ts'
import { type ReferenceSource, throwValidationError } from './reference-source.ts'

export interface ReferenceDeps {
  database: Database
  store: Store
  log: Log
  /** Images of one request that are checked and stored at once. */
  concurrency: number
}

type BytesSource = Extract<ReferenceSource, { kind: 'bytes' }>

const PUT_TIMEOUT_MS = 30_000

const BEING_REMOVED_MESSAGE = 'A picture of this was just being removed for good. Send it again.'

/**
 * Persists a request's reference images and writes what refers to them, in one transaction. One that was kept and is removed
 * for good meanwhile is stored once more.
 *
 * @param write given a row for each source, in order; the same picture twice is one row
 * @throws what `persistReferenceImages` and `write` throw
 */
export async function withReferences<T>(
  deps: ReferenceDeps,
  identity: Identity,
  sources: readonly ReferenceSource[],
  write: (tx: Transaction, references: ReferenceRow[]) => Promise<T>,
): Promise<T> {
  for (let tries = 0; tries < 2; tries++) {
    const persisted = await persistReferenceImages(deps, identity, sources)
    const written = await transaction(deps.database, async tx => {
      const references = await insertReferences(tx, identity.workspaceId, persisted)
      return references && { value: await write(tx, references) }
    })
    if (written) return written.value
  }
  throw new ProblemError('unavailable', BEING_REMOVED_MESSAGE, { retryAfterSeconds: 1 })
}

/**
 * Persists a request's reference images: each is checked by decoding it, kept byte for byte under the hash of its bytes, with
 * its previews beside it. All are checked before any is stored, so that one bad image refuses the request and leaves nothing.
 *
 * @returns a row for each source, in order, to be written with whatever refers to it; the same picture twice is one row
 * @throws ProblemError `invalid` naming each bad image or unknown id, `unavailable` if the store does not take them
 */
async function persistReferenceImages(
  deps: ReferenceDeps,
  identity: Identity,
  sources: readonly ReferenceSource[],
): Promise<ReferenceRow[]> {
  if (sources.length === 0) return []
  const existing = await findReferences(deps.database, identity.workspaceId, sources)
  const unknown = sources.filter(source => source.kind === 'id' && !existing.byId.has(source.id))
  if (unknown.length > 0)
    throwValidationError(unknown.map(({ path }) => ({ path, message: 'is not a reference of yours' })))
  const newSources = sources
    .filter(source => source.kind === 'bytes')
    .filter(source => !existing.bySha256.has(source.sha256))
  const stored = await storeReferences(deps, identity, uniqueBySha256(newSources))
  return sources.flatMap(source => {
    const row =
      source.kind === 'id'
        ? existing.byId.get(source.id)
        : (existing.bySha256.get(source.sha256) ?? stored.get(source.sha256))
    return row ? [row] : []
  })
}

async function storeReferences(
  deps: ReferenceDeps,
  identity: Identity,
  sources: BytesSource[],
): Promise<Map<string, ReferenceRow>> {
  const limit = pLimit(deps.concurrency)
  const checked = await Promise.all(sources.map(source => limit(() => decodeReference(source))))
  const invalid = checked.filter(result => 'message' in result)
  if (invalid.length > 0) throwValidationError(invalid)
  const valid = checked.filter(result => 'image' in result)
  const signal = AbortSignal.timeout(PUT_TIMEOUT_MS)
  const stored = await Promise.allSettled(
    valid.map(({ source, image }) => limit(() => storeReference(deps, identity.workspaceId, source, image, signal))),
  )
  const failed = stored.find(result => result.status === 'rejected')
  if (failed) throw createStoreError(deps.log, failed.reason)
  return new Map(stored.flatMap(result => (result.status === 'fulfilled' ? [[result.value.sha256, result.value]] : [])))
}

async function decodeReference(
  source: BytesSource,
): Promise<{ source: BytesSource; image: DecodedImage } | { path: string; message: string }> {
  try {
    return { source, image: await readImage(source.bytes, REFERENCE_LIMITS) }
  } catch (error) {
    if (error instanceof MediaError) return { path: source.path, message: error.message }
    throw error
  }
}

async function storeReference(
  { database, store }: ReferenceDeps,
  workspaceId: string,
  source: BytesSource,
  image: DecodedImage,
  signal: AbortSignal,
): Promise<ReferenceRow> {
  const key = `w/${workspaceId}/ref/${source.sha256}.${image.extension}`
  const objects = [{ key, bytes: source.bytes }, ...image.previews.map(toObject)]
  await cancelObjectRemovals(
    database,
    objects.map(object => object.key),
  )
  await failpoint('before-put')
  await Promise.all(objects.map(object => store.put(object.key, object.bytes, { signal })))
  await failpoint('after-put')
  const { mimeType, width, height } = image
  const { sha256, bytes } = source
  return { id: Bun.randomUUIDv7(), was: 'stored', sha256, key, mimeType, bytes: bytes.byteLength, width, height }

  function toObject(preview: DecodedImage['previews'][number]) {
    return { key: previewKey(key, preview.width), bytes: preview.bytes }
  }
}

/** A reference as everyone may see it. */
export function toReference(row: ReferenceRow) {
  const largest = PREVIEW_WIDTHS[PREVIEW_WIDTHS.length - 1] ?? 960
  const { id, width, height } = row
  return { id, url: mediaUrl(row.key), previewUrl: mediaUrl(previewKey(row.key, largest)), width, height }
}

function uniqueBySha256(sources: BytesSource[]): BytesSource[] {
  return [...new Map(sources.map(source => [source.sha256, source])).values()]
}

function createStoreError(log: Log, err: unknown): ProblemError {
  log.error({ err }, 'reference not stored')
  return new ProblemError('unavailable', 'The pictures could not be stored right now. Try again in a moment.', {
    cause: err,
    retryAfterSeconds: 5,
  })
}
