import { previewKey } from '@darkroom/contracts/routes'
import type { Database } from '@darkroom/infra/database'
import { backoff, sleep, withDeadline } from '@darkroom/infra/deadline'
import type { Log } from '@darkroom/infra/log'
import { PictureError, REFERENCE_LIMITS, readPicture } from '@darkroom/infra/picture'
import { type Store, StoreError } from '@darkroom/infra/store'
import { DataUrlError, readDataUrl } from '../data-url.ts'
import type { ReferenceRow } from '../reference-rows.ts'
import type { AtStep } from './steps.ts'

export interface KeepDeps {
  database: Database
  store: Store
  log: Log
  atStep: AtStep
}

export interface Kept {
  row: ReferenceRow
  /** What stood before the base64. */
  prefix: string
}

/** A picture that cannot be moved however often it is tried, in a sentence that can follow its name. */
export class UnmovableError extends Error {
  override readonly name = 'UnmovableError'
}

const TRIES = 5
const STORE_MS = 60_000

/** The longest text that can be a picture we take. */
export const MOST_TEXT = Math.ceil((REFERENCE_LIMITS.bytes * 4) / 3) + 1_024

/**
 * Keeps a picture that stands in a row as text: decoded strictly, checked by decoding it as a picture, stored by its hash
 * byte for byte, and read back and compared. One that is there already is read and compared all the same, and not stored again.
 *
 * @param options `dryRun` checks it and stores nothing
 * @throws UnmovableError; StoreError and the like if the store did not take it
 */
export async function keepPicture(
  deps: KeepDeps,
  text: string,
  options: { workspaceId: string; dryRun: boolean; signal: AbortSignal },
): Promise<Kept> {
  const { bytes, prefix } = decode(text)
  const sha256 = new Bun.CryptoHasher('sha256').update(bytes).digest('hex')
  const { mimeType, extension, width, height, previews } = await check(bytes)
  const key = `w/${options.workspaceId}/ref/${sha256}.${extension}`
  const row = { id: Bun.randomUUIDv7(), sha256, key, mimeType, bytes: bytes.byteLength, width, height }
  const objects = previews.map(preview => ({ key: previewKey(key, preview.width), bytes: preview.bytes }))
  if (!options.dryRun) await storeAll(deps, [...objects, { key, bytes }], options.signal)
  return { row, prefix }
}

function decode(text: string): { bytes: Uint8Array; prefix: string } {
  try {
    const { bytes } = readDataUrl(text.trimStart())
    return { bytes, prefix: text.slice(0, text.indexOf(',') + 1) }
  } catch (cause) {
    throw cause instanceof DataUrlError ? new UnmovableError(cause.message, { cause }) : cause
  }
}

async function check(bytes: Uint8Array) {
  return await readPicture(bytes, REFERENCE_LIMITS, { effort: 0 }).catch(cause => {
    throw cause instanceof PictureError ? new UnmovableError(cause.message, { cause }) : cause
  })
}

interface StoredBytes {
  key: string
  bytes: Uint8Array
}

/** The picture itself comes last and after its previews: where it is, they are. */
async function storeAll(deps: KeepDeps, objects: StoredBytes[], signal: AbortSignal): Promise<void> {
  const [picture, ...previews] = objects.toReversed()
  if (!picture) return
  await deps.database`delete from object_removals where key = any(${objects.map(({ key }) => key)}::text[])`
  if (await again(deps, signal, () => isKept(deps.store, picture))) return
  await Promise.all(previews.map(preview => again(deps, signal, () => put(deps.store, preview, signal))))
  await again(deps, signal, () => putAndCompare(deps, picture, signal))
}

async function putAndCompare(deps: KeepDeps, picture: StoredBytes, signal: AbortSignal): Promise<void> {
  await put(deps.store, picture, signal)
  await deps.atStep('stored')
  if (!(await isKept(deps.store, picture))) throw new StoreError('the store gave back other bytes than it was given')
  await deps.atStep('compared')
}

async function put(store: Store, { key, bytes }: StoredBytes, signal: AbortSignal): Promise<void> {
  await store.put(key, bytes, { signal: AbortSignal.any([signal, AbortSignal.timeout(STORE_MS)]) })
}

/** Whether the store has exactly these bytes. */
async function isKept(store: Store, { key, bytes }: StoredBytes): Promise<boolean> {
  const reading = readBack(store, key, bytes)
  return await withDeadline(reading, { milliseconds: STORE_MS, what: 'reading a picture back' })
}

async function readBack(store: Store, key: string, bytes: Uint8Array): Promise<boolean> {
  const found = await store.get(key)
  if (!found) return false
  let at = 0
  for await (const chunk of found.body instanceof Blob ? found.body.stream() : found.body) {
    if (Buffer.compare(chunk, bytes.subarray(at, at + chunk.byteLength)) !== 0) return false
    at += chunk.byteLength
  }
  return at === bytes.byteLength
}

async function again<T>(deps: KeepDeps, signal: AbortSignal, work: () => Promise<T>): Promise<T> {
  for (let tries = 1; ; tries++) {
    try {
      return await work()
    } catch (err) {
      signal.throwIfAborted()
      if (tries === TRIES) throw err
      deps.log.debug({ err, tries }, 'the store failed')
      await sleep(backoff(tries, { base: 100, most: 3_000 }), signal)
    }
  }
}
