import { previewKey } from '@darkroom/contracts/routes'
import { PREVIEW_WIDTHS } from '@darkroom/contracts/vocabulary'
import type { Database } from '@darkroom/infra/database'
import { backoff, sleep, withDeadline } from '@darkroom/infra/deadline'
import type { Log } from '@darkroom/infra/log'
import { PictureError, REFERENCE_LIMITS, readPictureQuickly, sniffExtension } from '@darkroom/infra/picture'
import { type Store, StoreError } from '@darkroom/infra/store'
import { DataUrlError, readDataUrl } from '../data-url.ts'
import { findReferences, keepObjects, type ReferenceRow } from '../reference-rows.ts'
import type { AtStep } from './steps.ts'

export interface KeepDeps {
  /** For short statements alone: no transaction that lasts may hold its connections. */
  database: Database
  store: Store
  log: Log
  /** Pictures that are being kept now: rows that lie together often have the same one. */
  inFlight: Map<string, Promise<ReferenceRow>>
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

interface KeepOptions {
  workspaceId: string
  /** Checks it and stores nothing. */
  dryRun: boolean
  signal: AbortSignal
}

/**
 * Keeps a picture that stands in a row as text: decoded strictly, checked by decoding it as a picture, stored by its hash
 * byte for byte, and read back and compared. One that is there already is read and compared all the same, and not stored again.
 *
 * @throws UnmovableError; StoreError and the like if the store did not take it
 */
export async function keepPicture(deps: KeepDeps, text: string, options: KeepOptions): Promise<Kept> {
  const { bytes, prefix } = decode(text)
  const sha256 = new Bun.CryptoHasher('sha256').update(bytes).digest('hex')
  const name = `${options.workspaceId}/${sha256}`
  const shared = await deps.inFlight.get(name)?.catch(() => undefined)
  if (shared) return { row: shared, prefix }
  const keeping = keepBytes(deps, { bytes, sha256 }, options)
  deps.inFlight.set(name, keeping)
  const row = await keeping.finally(() => deps.inFlight.get(name) === keeping && deps.inFlight.delete(name))
  return { row, prefix }
}

interface Picture {
  bytes: Uint8Array
  sha256: string
}

async function keepBytes(deps: KeepDeps, { bytes, sha256 }: Picture, options: KeepOptions): Promise<ReferenceRow> {
  const { workspaceId, dryRun, signal } = options
  const known = await findReference(deps.database, workspaceId, sha256)
  const key = known?.key ?? `w/${workspaceId}/ref/${sha256}.${sniffExtension(bytes)}`
  if (!dryRun) await keepObjects(deps.database, [key, ...PREVIEW_WIDTHS.map(width => previewKey(key, width))])
  if (known && (dryRun || (await isThere(deps, { key, bytes }, signal)))) return known
  const [{ mimeType, width, height, previews }, there] = await Promise.all([
    check(bytes),
    dryRun || isThere(deps, { key, bytes }, signal),
  ])
  const objects = previews.map(preview => ({ key: previewKey(key, preview.width), bytes: preview.bytes }))
  if (!dryRun) await storeAll(deps, { picture: there ? null : { key, bytes }, previews: objects }, signal)
  return { id: Bun.randomUUIDv7(), was: 'stored', sha256, key, mimeType, bytes: bytes.byteLength, width, height }
}

function decode(text: string): { bytes: Uint8Array; prefix: string } {
  try {
    const { bytes } = readDataUrl(text.trimStart())
    return { bytes, prefix: copied(text.slice(0, text.indexOf(',') + 1)) }
  } catch (cause) {
    throw cause instanceof DataUrlError ? new UnmovableError(cause.message, { cause }) : cause
  }
}

/** A part of a text keeps all of it in memory. */
function copied(part: string): string {
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

async function check(bytes: Uint8Array) {
  return await readPictureQuickly(bytes, REFERENCE_LIMITS).catch(cause => {
    throw cause instanceof PictureError ? new UnmovableError(cause.message, { cause }) : cause
  })
}

interface StoredBytes {
  key: string
  bytes: Uint8Array
}

/** Previews are made anew wherever nobody has noted that they are there. */
async function storeAll(
  deps: KeepDeps,
  { picture, previews }: { picture: StoredBytes | null; previews: StoredBytes[] },
  signal: AbortSignal,
): Promise<void> {
  const storing = previews.map(preview => again(deps, signal, () => put(deps.store, preview, signal)))
  await Promise.all([...storing, picture && again(deps, signal, () => putAndCompare(deps, picture, signal))])
}

async function isThere(deps: KeepDeps, picture: StoredBytes, signal: AbortSignal): Promise<boolean> {
  return await again(deps, signal, () => isKept(deps.store, picture))
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
