import type { Database } from '@darkroom/infra/database/connection'
import { REFERENCE_LIMITS } from '@darkroom/infra/images/check-image'
import type { ImageDecoder } from '@darkroom/infra/images/decoder/image-decoder'
import { sniffImageExtension } from '@darkroom/infra/images/image-formats'
import { MediaError } from '@darkroom/infra/images/media-error'
import type { Log } from '@darkroom/infra/log'
import { type RetryOptions, retry } from '@darkroom/infra/runtime/retry'
import { RETRY_POLICIES } from '@darkroom/infra/runtime/retry-policies'
import { withDeadline } from '@darkroom/infra/runtime/timers'
import { type Store, StoreError } from '@darkroom/infra/store/store'
import { DataUrlError, parseDataUrl } from '../../references/data-url.ts'
import { findReferences, type ReferenceRow, scheduleOrphanRemoval } from '../../references/reference-rows.ts'
import type { OnFailpoint } from '../failpoints.ts'

export interface StoreImageDeps {
  /** For short statements only: long transactions must not occupy its connections. */
  database: Database
  store: Pick<Store, 'get' | 'put'>
  images: ImageDecoder
  log: Log
  /** Images that are being stored now, by workspace and hash: neighbouring rows often embed the same image. */
  inFlight: Map<string, Promise<ReferenceRow>>
  onFailpoint: OnFailpoint
}

/** An image that no retry can migrate. Its message can follow the name of the image in a sentence. */
export class InvalidImageError extends Error {
  override readonly name = 'InvalidImageError'
}

const STORE_TIMEOUT_MS = 60_000

/** Longest text that can be an image within the limits of references, in bytes. */
export const MAX_TEXT_BYTES = Math.ceil((REFERENCE_LIMITS.bytes * 4) / 3) + 1_024

/** An image that was embedded in a row as text. */
export interface EmbeddedImage {
  bytes: Uint8Array
  /** Text before the base64, for example `data:image/png;base64,`. */
  prefix: string
}

/** Decodes the text of an embedded image. @throws InvalidImageError if it is not a valid base64 data URL */
export function decodeEmbeddedImage(text: string): EmbeddedImage {
  try {
    const { bytes } = parseDataUrl(text.trimStart())
    return { bytes, prefix: copyString(text.slice(0, text.indexOf(',') + 1)) }
  } catch (cause) {
    throw cause instanceof DataUrlError ? new InvalidImageError(cause.message, { cause }) : cause
  }
}

interface StoreImageOptions {
  workspaceId: string
  /** Validates the image and stores nothing. */
  dryRun: boolean
  signal: AbortSignal
}

/**
 * Stores an image: validates it by decoding it, stores it byte for byte under its hash, reads it back and compares. An existing
 * object is read and compared too, and not stored again. Previews are not made here: they are enqueued once the row is written.
 *
 * @throws InvalidImageError; StoreError and DeadlineError if the store failed in every try
 */
export async function storeImage(
  deps: StoreImageDeps,
  bytes: Uint8Array,
  options: StoreImageOptions,
): Promise<ReferenceRow> {
  const sha256 = new Bun.CryptoHasher('sha256').update(bytes).digest('hex')
  const flightKey = `${options.workspaceId}/${sha256}`
  const shared = await deps.inFlight.get(flightKey)?.catch(() => undefined)
  if (shared) return shared
  const storing = validateAndStore(deps, { bytes, sha256 }, options)
  deps.inFlight.set(flightKey, storing)
  return await storing.finally(() => deps.inFlight.get(flightKey) === storing && deps.inFlight.delete(flightKey))
}

async function validateAndStore(
  deps: StoreImageDeps,
  { bytes, sha256 }: { bytes: Uint8Array; sha256: string },
  { workspaceId, dryRun, signal }: StoreImageOptions,
): Promise<ReferenceRow> {
  const defaultKey = `w/${workspaceId}/ref/${sha256}.${sniffImageExtension(bytes) ?? (await validateReferenceImage(deps, bytes, { workspaceId, signal })).extension}`
  // Scheduled before the look-up of an existing row. A row that another request wrote in between would be missed otherwise, and
  // the removal, which that request had cancelled already, would stand.
  const isFirst = !dryRun && (await scheduleOrphanRemoval(deps.database, defaultKey))
  const existing = await findReference(deps.database, workspaceId, sha256)
  const key = existing?.key ?? defaultKey
  if (existing && (dryRun || (await isStored(deps, { key, bytes }, signal)))) return existing
  const { mimeType, width, height } = await validateReferenceImage(deps, bytes, { workspaceId, signal })
  if (!dryRun) await storeObject(deps, { key, bytes, mayExist: !isFirst }, signal)
  return { id: Bun.randomUUIDv7(), origin: 'new', sha256, key, mimeType, bytes: bytes.byteLength, width, height }
}

/** Copies a substring: a substring itself keeps the whole string in memory. */
function copyString(part: string): string {
  return Buffer.from(part).toString()
}

async function findReference(
  database: Database,
  workspaceId: string,
  sha256: string,
): Promise<ReferenceRow | undefined> {
  const source = { kind: 'bytes', path: '', bytes: new Uint8Array(), sha256 } as const
  return (await findReferences(database, workspaceId, [source])).bySha256.get(sha256)
}

async function validateReferenceImage(
  { images }: StoreImageDeps,
  bytes: Uint8Array,
  { workspaceId: client, signal }: Pick<StoreImageOptions, 'workspaceId' | 'signal'>,
) {
  return await images.validate(bytes, REFERENCE_LIMITS, { client, signal, isBackground: true }).catch(cause => {
    throw cause instanceof MediaError ? new InvalidImageError(cause.message, { cause }) : cause
  })
}

interface ImageObject {
  key: string
  bytes: Uint8Array
}

/**
 * Stores an object unless it is there already. A process that died, or whose row could not be written, may have stored it; the
 * store is only asked if a removal was scheduled before.
 */
async function storeObject(
  deps: StoreImageDeps,
  { mayExist, ...object }: ImageObject & { mayExist: boolean },
  signal: AbortSignal,
): Promise<void> {
  if (mayExist && (await isStored(deps, object, signal))) return
  await retry(() => putAndVerify(deps, object, signal), createStoreRetry(deps, object.key, signal))
}

async function isStored(deps: StoreImageDeps, object: ImageObject, signal: AbortSignal): Promise<boolean> {
  return await retry(() => hasSameBytes(deps.store, object), createStoreRetry(deps, object.key, signal))
}

function createStoreRetry({ log }: Pick<StoreImageDeps, 'log'>, key: string, signal: AbortSignal): RetryOptions {
  const onRetry = (err: unknown, failures: number) => log.debug({ err, key, failures }, 'store_call_failed')
  return { policy: RETRY_POLICIES.backfillStore, signal, onRetry }
}

async function putAndVerify(deps: StoreImageDeps, object: ImageObject, signal: AbortSignal): Promise<void> {
  await putObject(deps.store, object, signal)
  await deps.onFailpoint('stored')
  if (!(await hasSameBytes(deps.store, object)))
    throw new StoreError(`object ${object.key} reads back with other bytes`)
  await deps.onFailpoint('compared')
}

async function putObject(store: Pick<Store, 'put'>, { key, bytes }: ImageObject, signal: AbortSignal): Promise<void> {
  await store.put(key, bytes, { signal: AbortSignal.any([signal, AbortSignal.timeout(STORE_TIMEOUT_MS)]) })
}

/** Returns whether the store has exactly these bytes. */
async function hasSameBytes(store: Pick<Store, 'get'>, { key, bytes }: ImageObject): Promise<boolean> {
  const reading = compareWithStored(store, key, bytes)
  return await withDeadline(reading, { milliseconds: STORE_TIMEOUT_MS, operation: `reading ${key} back` })
}

async function compareWithStored(store: Pick<Store, 'get'>, key: string, bytes: Uint8Array): Promise<boolean> {
  const found = await store.get(key)
  if (!found) return false
  let offset = 0
  for await (const chunk of found.body instanceof Blob ? found.body.stream() : found.body) {
    if (Buffer.compare(chunk, bytes.subarray(offset, offset + chunk.byteLength)) !== 0) return false
    offset += chunk.byteLength
  }
  return offset === bytes.byteLength
}
