import type { Database } from '@darkroom/infra/database/connection'
import { checkPicture, PictureError, REFERENCE_LIMITS, sniffExtension } from '@darkroom/infra/images/image'
import type { Log } from '@darkroom/infra/log'
import { withDeadline } from '@darkroom/infra/runtime/timers'
import { type Store, StoreError } from '@darkroom/infra/store/store'
import { DataUrlError, readDataUrl } from '../references/data-url.ts'
import { findReferences, noteStoring, type ReferenceRow } from '../references/reference-rows.ts'
import { again } from './again.ts'
import type { AtStep } from './failpoints.ts'

export interface KeepDeps {
  /** For short statements alone: no transaction that lasts may hold its connections. */
  database: Database
  store: Store
  log: Log
  /** Pictures that are being kept now: rows that lie together often have the same one. */
  inFlight: Map<string, Promise<ReferenceRow>>
  atStep: AtStep
}

/** A picture that cannot be moved however often it is tried, in a sentence that can follow its name. */
export class UnmovableError extends Error {
  override readonly name = 'UnmovableError'
}

const STORE_MS = 60_000

/** The longest text that can be a picture we take. */
export const MOST_TEXT = Math.ceil((REFERENCE_LIMITS.bytes * 4) / 3) + 1_024

/** What stood in a row as text. */
export interface Embedded {
  bytes: Uint8Array
  /** What stood before the base64. */
  prefix: string
}

/** @throws UnmovableError if it is not strictly what it should be */
export function decode(text: string): Embedded {
  try {
    const { bytes } = readDataUrl(text.trimStart())
    return { bytes, prefix: copied(text.slice(0, text.indexOf(',') + 1)) }
  } catch (cause) {
    throw cause instanceof DataUrlError ? new UnmovableError(cause.message, { cause }) : cause
  }
}

interface KeepOptions {
  workspaceId: string
  /** Checks it and stores nothing. */
  dryRun: boolean
  signal: AbortSignal
  /** Is told when there is no more of it in memory than its bytes. */
  onChecked: () => void
}

/**
 * Keeps a picture: checked by decoding it, stored by its hash byte for byte, and read back and compared. One that is there
 * already is read and compared all the same, and not stored again. Its previews are left to whoever has time for them.
 *
 * @throws UnmovableError; StoreError and the like if the store did not take it
 */
export async function keepPicture(deps: KeepDeps, bytes: Uint8Array, options: KeepOptions): Promise<ReferenceRow> {
  const sha256 = new Bun.CryptoHasher('sha256').update(bytes).digest('hex')
  const name = `${options.workspaceId}/${sha256}`
  const shared = await deps.inFlight.get(name)?.catch(() => undefined)
  if (shared) return shared
  const keeping = keepBytes(deps, { bytes, sha256 }, options)
  deps.inFlight.set(name, keeping)
  return await keeping.finally(() => deps.inFlight.get(name) === keeping && deps.inFlight.delete(name))
}

async function keepBytes(
  deps: KeepDeps,
  { bytes, sha256 }: { bytes: Uint8Array; sha256: string },
  { workspaceId, dryRun, signal, onChecked }: KeepOptions,
): Promise<ReferenceRow> {
  const own = `w/${workspaceId}/ref/${sha256}.${sniffExtension(bytes) ?? (await check(bytes)).extension}`
  // Before anybody's row is looked for: whoever wrote one since has taken the note away, and would be overlooked.
  const isFirst = !dryRun && (await noteStoring(deps.database, own))
  const known = await findReference(deps.database, workspaceId, sha256)
  const key = known?.key ?? own
  if (known && (dryRun || (await isThere(deps, { key, bytes }, signal)))) return known
  const { mimeType, width, height } = await check(bytes)
  onChecked()
  if (!dryRun) await store(deps, { key, bytes, mayBeThere: !isFirst }, signal)
  return { id: Bun.randomUUIDv7(), was: 'stored', sha256, key, mimeType, bytes: bytes.byteLength, width, height }
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
  return await checkPicture(bytes, REFERENCE_LIMITS).catch(cause => {
    throw cause instanceof PictureError ? new UnmovableError(cause.message, { cause }) : cause
  })
}

interface StoredBytes {
  key: string
  bytes: Uint8Array
}

/** Whoever died over a picture, or had to give up its row, may have stored it: what nobody ever began is not looked for. */
async function store(
  deps: KeepDeps,
  { mayBeThere, ...picture }: StoredBytes & { mayBeThere: boolean },
  signal: AbortSignal,
): Promise<void> {
  if (mayBeThere && (await isThere(deps, picture, signal))) return
  await again({ ...deps, signal }, () => putAndCompare(deps, picture, signal))
}

async function isThere(deps: KeepDeps, picture: StoredBytes, signal: AbortSignal): Promise<boolean> {
  return await again({ ...deps, signal }, () => isKept(deps.store, picture))
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
