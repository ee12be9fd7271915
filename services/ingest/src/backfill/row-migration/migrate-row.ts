import { objectKeys } from '@darkroom/contracts/previews'
import { mediaUrl } from '@darkroom/contracts/routes'
import { type Database, type Transaction, transaction } from '@darkroom/infra/database/connection'
import { bumpVersion } from '@darkroom/infra/generations/generations'
import type { ByteBudget } from '@darkroom/infra/runtime/byte-budget'
import { backoff, sleep } from '@darkroom/infra/runtime/timers'
import { cancelObjectRemovals, enqueuePreviews, insertReferences } from '../../references/reference-rows.ts'
import { addMovedCounts } from '../run-rows.ts'
import { lockRow, type RowSnapshot, rewriteRow } from './generation-raw-rows.ts'
import { recordMoved } from './manifest-rows.ts'
import { buildParameterPatch, type MovedImage } from './parameter-patch.ts'
import { InvalidImageError, type StoreImageDeps } from './store-image.ts'
import { ConcurrentEditError, type StoredRow, storeRowImages } from './store-row-images.ts'

export interface MigrateDeps extends StoreImageDeps {
  /** For transactions that last as long as a row's pictures take to be stored. */
  rowPool: Database
  budget: ByteBudget
  signal: AbortSignal
}

export interface MigrateOptions {
  runId: string | null
  dryRun: boolean
  /** Pictures of one row that are stored at once. */
  concurrency: number
}

/** What became of a row. `rest` says what it still has that is not a reference's picture. */
export type RowOutcome =
  | { kind: 'moved'; images: number; bytes: number; saved: number; remainingReason: string | null }
  | { kind: 'nothing-to-do' | 'busy' | 'stopped' }
  | { kind: 'failed'; reason: string; temporary: boolean }

const ROW_TIMEOUT_MS = 600_000
const MAX_TRIES = 5
const UNSUPPORTED_FILE_REASON = 'has a file as text in another place than referenceImage and referenceImages'

/**
 * Moves the pictures of one row into the store and leaves pointers, in one transaction that holds the row against other
 * backfills and nobody else: whoever writes the row meanwhile wins, and it is read again.
 *
 * @throws the signal's reason; what the database throws
 */
export async function migrateRow(deps: MigrateDeps, id: string, options: MigrateOptions): Promise<RowOutcome> {
  for (let tries = 1; tries <= MAX_TRIES; tries++) {
    const outcome = await tryMigrateRow(deps, id, options)
    if (outcome !== 'edited') return outcome
    await sleep(backoff(tries, { base: 20, most: 1_000 }), deps.signal)
  }
  return { kind: 'failed', reason: 'was written by somebody else each time', temporary: true }
}

async function tryMigrateRow(deps: MigrateDeps, id: string, options: MigrateOptions): Promise<RowOutcome | 'edited'> {
  const attempt = new AbortController()
  const signal = AbortSignal.any([deps.signal, attempt.signal, AbortSignal.timeout(ROW_TIMEOUT_MS)])
  try {
    const work = transaction(deps.rowPool, tx => migrateLockedRow({ ...deps, tx, signal, id }, options), {
      milliseconds: ROW_TIMEOUT_MS,
    })
    const outcome = await work
    await deps.onFailpoint('committed')
    return outcome
  } catch (err) {
    deps.signal.throwIfAborted()
    if (err instanceof ConcurrentEditError) return 'edited'
    if (err instanceof InvalidImageError) return { kind: 'failed', reason: err.message, temporary: false }
    deps.log.warn({ err, id }, 'a row was not moved')
    return { kind: 'failed', reason: 'could not be moved right now', temporary: true }
  } finally {
    attempt.abort()
  }
}

type RowContext = MigrateDeps & { tx: Transaction; id: string }

async function migrateLockedRow(context: RowContext, options: MigrateOptions): Promise<RowOutcome> {
  const row = await lockRow(context.tx, context.id, { runId: options.runId, milliseconds: ROW_TIMEOUT_MS })
  if (row === 'gone') return { kind: 'nothing-to-do' }
  if (typeof row === 'string') return { kind: row }
  const stored = await storeRowImages(context, row, options)
  await context.onFailpoint('kept')
  const sums = sumMoved(stored.moved)
  if (stored.slots.every(({ embedded }) => !embedded))
    return { kind: 'failed', reason: UNSUPPORTED_FILE_REASON, temporary: false }
  if (options.dryRun) return { kind: 'moved', ...sums, remainingReason: null }
  return { kind: 'moved', ...sums, remainingReason: await writePointers(context, row, stored, options) }
}

/** Writes what was kept. @returns what the row still has that is not a reference's picture */
async function writePointers(
  context: RowContext,
  row: RowSnapshot,
  { slots, moved }: StoredRow,
  { runId }: MigrateOptions,
): Promise<string | null> {
  const { tx, id } = context
  const rows = await insertReferences(
    tx,
    row.workspaceId,
    moved.map(({ row }) => row),
  )
  // One that was there before was being removed for good: it is stored again.
  if (!rows) throw new ConcurrentEditError()
  const inserted = moved.map((one, at) => ({ ...one, row: rows[at] ?? one.row }))
  const written = await rewriteRow(tx, row, buildParameterPatch(slots, inserted))
  if (!written) throw new ConcurrentEditError()
  await recordMoved(tx, { runId, generationId: id, moved: inserted })
  const newRows = rows.filter(({ was }) => was === 'stored')
  await enqueuePreviews(
    tx,
    newRows.map(row => row.id),
  )
  await cancelObjectRemovals(
    tx,
    rows.flatMap(row => objectKeys(row.key)),
  )
  await bumpVersion(tx, id)
  // Last, because every row of a run waits here for the one before it to be committed.
  if (runId) await addMovedCounts(tx, runId, sumMoved(moved))
  await context.onFailpoint('rewritten')
  return written.free ? null : UNSUPPORTED_FILE_REASON
}

function sumMoved(moved: readonly MovedImage[]): { images: number; bytes: number; saved: number } {
  return {
    images: moved.length,
    bytes: moved.reduce((sum, { row }) => sum + row.bytes, 0),
    saved: moved.reduce((sum, { slot, row }) => sum + slot.length - mediaUrl(row.key).length, 0),
  }
}
