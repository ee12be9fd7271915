import type { Database } from '@darkroom/infra/database/connection'
import { REFERENCE_LIMITS } from '@darkroom/infra/images/check-image'
import { validateImage } from '@darkroom/infra/images/image'
import { sniffImageExtension } from '@darkroom/infra/images/image-formats'
import { MediaError } from '@darkroom/infra/images/media-error'
import type { Log } from '@darkroom/infra/log'
import { withDeadline } from '@darkroom/infra/runtime/timers'
import { type Store, StoreError } from '@darkroom/infra/store/store'
import { DataUrlError, parseDataUrl } from '../../references/data-url.ts'
import { findReferences, type ReferenceRow, scheduleOrphanRemoval } from '../../references/reference-rows.ts'
import { retryStoreCall } from '../again.ts'
import type { OnFailpoint } from '../failpoints.ts'

export interface StoreImageDeps {
  /** For short statements alone: no transaction that lasts may hold its connections. */
  database: Database
  store: Store
  log: Log
  /** Pictures that are being kept now: rows that lie together often have the same one. */
  inFlight: Map<string, Promise<ReferenceRow>>
  onFailpoint: OnFailpoint
}

/** A picture that cannot be moved however often it is tried, in a sentence that can follow its name. */
export class InvalidImageError extends Error {
  override readonly name = 'InvalidImageError'
}

const STORE_TIMEOUT_MS = 60_000

/** The longest text that can be a picture we take. */
export const MAX_TEXT_BYTES = Math.ceil((REFERENCE_LIMITS.bytes * 4) / 3) + 1_024

/** What stood in a row as text. */
export interface EmbeddedImage {
  bytes: Uint8Array
  /** What stood before the base64. */
  prefix: string
}

/** @throws UnmovableError if it is not strictly what it should be */
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
  /** Checks it and stores nothing. */
  dryRun: boolean
  signal: AbortSignal
  /** Is told when there is no more of it in memory than its bytes. */
  onValidated: () => void
}

/**
 * Keeps a picture: checked by decoding it, stored by its hash byte for byte, and read back and compared. One that is there
 * already is read and compared all the same, and not stored again. Its previews are left to whoever has time for them.
 *
 * @throws UnmovableError; StoreError and the like if the store did not take it
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
  { workspaceId, dryRun, signal, onValidated }: StoreImageOptions,
): Promise<ReferenceRow> {
  const defaultKey = `w/${workspaceId}/ref/${sha256}.${sniffImageExtension(bytes) ?? (await validateReferenceImage(bytes)).extension}`
  // Before anybody's row is looked for: whoever wrote one since has taken the note away, and would be overlooked.
  const isFirst = !dryRun && (await scheduleOrphanRemoval(deps.database, defaultKey))
  const existing = await findReference(deps.database, workspaceId, sha256)
  const key = existing?.key ?? defaultKey
  if (existing && (dryRun || (await isStored(deps, { key, bytes }, signal)))) return existing
  const { mimeType, width, height } = await validateReferenceImage(bytes)
  onValidated()
  if (!dryRun) await storeObject(deps, { key, bytes, mayExist: !isFirst }, signal)
  return { id: Bun.randomUUIDv7(), was: 'stored', sha256, key, mimeType, bytes: bytes.byteLength, width, height }
}

/** A part of a text keeps all of it in memory. */
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

async function validateReferenceImage(bytes: Uint8Array) {
  return await validateImage(bytes, REFERENCE_LIMITS).catch(cause => {
    throw cause instanceof MediaError ? new InvalidImageError(cause.message, { cause }) : cause
  })
}

interface ImageObject {
  key: string
  bytes: Uint8Array
}

/** Whoever died over a picture, or had to give up its row, may have stored it: what nobody ever began is not looked for. */
async function storeObject(
  deps: StoreImageDeps,
  { mayExist, ...object }: ImageObject & { mayExist: boolean },
  signal: AbortSignal,
): Promise<void> {
  if (mayExist && (await isStored(deps, object, signal))) return
  await retryStoreCall({ ...deps, signal }, () => putAndVerify(deps, object, signal))
}

async function isStored(deps: StoreImageDeps, object: ImageObject, signal: AbortSignal): Promise<boolean> {
  return await retryStoreCall({ ...deps, signal }, () => hasSameBytes(deps.store, object))
}

async function putAndVerify(deps: StoreImageDeps, object: ImageObject, signal: AbortSignal): Promise<void> {
  await putObject(deps.store, object, signal)
  await deps.onFailpoint('stored')
  if (!(await hasSameBytes(deps.store, object)))
    throw new StoreError('the store gave back other bytes than it was given')
  await deps.onFailpoint('compared')
}

async function putObject(store: Store, { key, bytes }: ImageObject, signal: AbortSignal): Promise<void> {
  await store.put(key, bytes, { signal: AbortSignal.any([signal, AbortSignal.timeout(STORE_TIMEOUT_MS)]) })
}

/** Whether the store has exactly these bytes. */
async function hasSameBytes(store: Store, { key, bytes }: ImageObject): Promise<boolean> {
  const reading = compareWithStored(store, key, bytes)
  return await withDeadline(reading, { milliseconds: STORE_TIMEOUT_MS, operation: 'reading a picture back' })
}

async function compareWithStored(store: Store, key: string, bytes: Uint8Array): Promise<boolean> {
  const found = await store.get(key)
  if (!found) return false
  let at = 0
  for await (const chunk of found.body instanceof Blob ? found.body.stream() : found.body) {
    if (Buffer.compare(chunk, bytes.subarray(at, at + chunk.byteLength)) !== 0) return false
    at += chunk.byteLength
  }
  return at === bytes.byteLength
}
