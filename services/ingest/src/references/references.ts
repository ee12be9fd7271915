import { FEED_WIDTH, previewKey } from '@darkroom/contracts/previews'
import { mediaUrl } from '@darkroom/contracts/routes'
import type { Database, Transaction } from '@darkroom/infra/database/connection'
import { transaction } from '@darkroom/infra/database/transaction'
import type { Identity } from '@darkroom/infra/http/identity'
import { ProblemError } from '@darkroom/infra/http/problem'
import { REFERENCE_LIMITS } from '@darkroom/infra/images/check-image'
import { DecoderError } from '@darkroom/infra/images/decoder/decoder-error'
import type { DecodeOptions, ImageDecoder } from '@darkroom/infra/images/decoder/image-decoder'
import type { DecodedImage } from '@darkroom/infra/images/image'
import { MediaError } from '@darkroom/infra/images/media-error'
import type { Log } from '@darkroom/infra/log'
import { failpoint } from '@darkroom/infra/runtime/failpoint'
import type { Store } from '@darkroom/infra/store/store'
import pLimit from 'p-limit'
import { type FieldError, throwValidationError } from '../validation-error.ts'
import { cancelObjectRemovals, findReferences, insertReferences, type ReferenceRow } from './reference-rows.ts'
import type { ReferenceSource } from './reference-source.ts'

export interface ReferenceDeps {
  database: Database
  store: Pick<Store, 'put'>
  log: Log
  images: ImageDecoder
  /** Images of one request that are decoded and stored at once. */
  concurrency: number
}

/** The references of one request. */
export interface ReferenceRequest {
  sources: readonly ReferenceSource[]
  /** Address of the client, with which others take turns. */
  client?: string | undefined
  /** Aborted when the client disconnects. */
  signal: AbortSignal
}

type BytesSource = Extract<ReferenceSource, { kind: 'bytes' }>

const PUT_TIMEOUT_MS = 30_000
/** Longest wait for a decoder. Requests that would wait longer are refused, and sent again by the page. */
const DECODER_WAIT_MS = 30_000

const BEING_REMOVED_MESSAGE = 'A picture of this was just being removed for good. Send it again.'

/**
 * Time after which the database ends the transaction of a host that is lost, in ms. Until then the same request waits at another one, and
 * every request that needs the lock of the budgets.
 */
const IDLE_MS = 3_000

/**
 * Stores a request's reference images, then writes their rows and the rows that refer to them in one transaction. If an existing
 * reference is purged in between, everything is done once more.
 *
 * @param write is called with a row for each source, in order; identical images share a row
 * @throws ProblemError `unavailable` if a reference is purged again; what `storeNewReferences` and `write` throw
 */
export async function withReferences<T>(
  deps: ReferenceDeps,
  identity: Identity,
  request: ReferenceRequest,
  write: (tx: Transaction, references: ReferenceRow[]) => Promise<T>,
): Promise<T> {
  const tryWrite = async () => {
    const rows = await storeNewReferences(deps, identity, request)
    const work = async (tx: Transaction) => {
      const references = await insertReferences(tx, identity.workspaceId, rows)
      return references && { value: await write(tx, references) }
    }
    return await transaction(deps.database, work, { idleMs: IDLE_MS })
  }
  const written = (await tryWrite()) ?? (await tryWrite())
  if (!written) throw new ProblemError('unavailable', BEING_REMOVED_MESSAGE, { retryAfterSeconds: 1 })
  return written.value
}

/**
 * Stores the reference images of a request that the workspace does not have yet: each is validated by decoding it and stored
 * byte for byte under its sha256, with its previews beside it. All are validated before any is stored: one invalid image refuses
 * the request and leaves nothing behind.
 *
 * @returns a row for each source, in order; identical images share a row. Rows of new images are not written yet
 * @throws ProblemError `invalid` naming each invalid image or unknown id; `unavailable` if the store fails, or too many images wait
 */
async function storeNewReferences(
  deps: ReferenceDeps,
  identity: Identity,
  { sources, client, signal }: ReferenceRequest,
): Promise<ReferenceRow[]> {
  if (sources.length === 0) return []
  const existing = await findReferences(deps.database, identity.workspaceId, sources)
  const unknown = sources.filter(source => source.kind === 'id' && !existing.byId.has(source.id))
  if (unknown.length > 0)
    throwValidationError(unknown.map(({ path }) => ({ path, message: 'is not a reference of yours' })))
  const newSources = sources
    .filter(source => source.kind === 'bytes')
    .filter(source => !existing.bySha256.has(source.sha256))
  const stored = await storeReferences(deps, identity, uniqueBySha256(newSources), {
    signal,
    client: `${identity.workspaceId} ${client ?? ''}`,
    maxWaitMs: DECODER_WAIT_MS,
  })
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
  options: DecodeOptions,
): Promise<Map<string, ReferenceRow>> {
  const limit = pLimit(deps.concurrency)
  const decoded = await Promise.all(sources.map(source => limit(() => decodeReference(deps, source, options))))
  const invalid = decoded.filter(result => 'message' in result)
  if (invalid.length > 0) throwValidationError(invalid)
  const valid = decoded.filter(result => 'image' in result)
  const signal = AbortSignal.timeout(PUT_TIMEOUT_MS)
  const stored = await Promise.allSettled(
    valid.map(({ source, image }) => limit(() => storeReference(deps, identity.workspaceId, source, image, signal))),
  )
  const failed = stored.find(result => result.status === 'rejected')
  if (failed) throw createStoreError(deps.log, identity.workspaceId, failed.reason)
  return new Map(stored.flatMap(result => (result.status === 'fulfilled' ? [[result.value.sha256, result.value]] : [])))
}

async function decodeReference(
  { images }: ReferenceDeps,
  source: BytesSource,
  options: DecodeOptions,
): Promise<{ source: BytesSource; image: DecodedImage } | FieldError> {
  try {
    return { source, image: await images.read(source.bytes, REFERENCE_LIMITS, options) }
  } catch (error) {
    if (error instanceof MediaError) return { path: source.path, message: error.message }
    if (error instanceof DecoderError || options.signal.aborted) throw createBusyError(error)
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
    workspaceId,
    objects.map(object => object.key),
  )
  await failpoint('before-put')
  await Promise.all(objects.map(object => store.put(object.key, object.bytes, { signal })))
  await failpoint('after-put')
  const { mimeType, width, height } = image
  const { sha256, bytes } = source
  return { id: Bun.randomUUIDv7(), origin: 'new', sha256, key, mimeType, bytes: bytes.byteLength, width, height }

  function toObject(preview: DecodedImage['previews'][number]) {
    return { key: previewKey(key, preview.width), bytes: preview.bytes }
  }
}

/** Returns the public form of a reference. */
export function toReference(row: ReferenceRow) {
  const { id, width, height } = row
  return { id, url: mediaUrl(row.key), previewUrl: mediaUrl(previewKey(row.key, FEED_WIDTH)), width, height }
}

function uniqueBySha256(sources: BytesSource[]): BytesSource[] {
  return [...new Map(sources.map(source => [source.sha256, source])).values()]
}

function createBusyError(cause: unknown): ProblemError {
  const detail = 'Many pictures are being read right now. Try again in a moment.'
  return new ProblemError('unavailable', detail, { cause, retryAfterSeconds: 5 })
}

function createStoreError(log: Log, workspace: string, err: unknown): ProblemError {
  log.error({ err, workspace }, 'reference_store_failed')
  return new ProblemError('unavailable', 'The pictures could not be stored right now. Try again in a moment.', {
    cause: err,
    retryAfterSeconds: 5,
  })
}
