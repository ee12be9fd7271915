import { objectKeys } from '@darkroom/contracts/previews'
import { mediaUrl } from '@darkroom/contracts/routes'
import type { Database, Transaction } from '@darkroom/infra/database/connection'
import { transaction } from '@darkroom/infra/database/transaction'
import { publishChange } from '@darkroom/infra/generations/generations'
import type { ByteBudget } from '@darkroom/infra/runtime/byte-budget'
import { retry } from '@darkroom/infra/runtime/retry'
import { RETRY_POLICIES } from '@darkroom/infra/runtime/retry-policies'
import { cancelObjectRemovals, enqueuePreviews, insertReferences } from '../../references/reference-rows.ts'
import { addMovedCounts } from '../run-rows.ts'
import { lockRow, type RowSnapshot, replaceReferences, rewriteRow, wouldEmbedFile } from './generation-raw-rows.ts'
import { recordMoved } from './manifest-rows.ts'
import { buildParameterPatch, type MovedImage } from './parameter-patch.ts'
import { InvalidImageError, type StoreImageDeps } from './store-image.ts'
import { ConcurrentEditError, type StoredRow, storeRowImages } from './store-row-images.ts'

export interface MigrateDeps extends StoreImageDeps {
  /** Pool of its own, for transactions that last until all images of a row are stored. */
  rowPool: Database
  budget: ByteBudget
  signal: AbortSignal
}

export interface MigrateOptions {
  /** Run that the row is migrated for; null outside of a run. */
  runId: string | null
  dryRun: boolean
  /** Images of one row that are stored at once. */
  concurrency: number
}

/** Outcome of a row. `remainingReason` names files as text that the row still has outside of its references. */
export type RowOutcome =
  | { kind: 'moved'; images: number; bytes: number; saved: number; remainingReason: string | null }
  | { kind: 'nothing-to-do' | 'busy' | 'stopped' }
  | { kind: 'failed'; reason: string; temporary: boolean }

const ROW_TIMEOUT_MS = 600_000
const UNSUPPORTED_FILE_REASON =
  'has a file as text in another place than referenceImage, referenceImageUrl and referenceImages'

/**
 * Moves the images of one row into the store and replaces them with pointers, in one transaction. The transaction locks the row
 * against other backfills only: a concurrent edit wins, and the row is read again.
 *
 * @throws the signal's reason
 */
export async function migrateRow(deps: MigrateDeps, id: string, options: MigrateOptions): Promise<RowOutcome> {
  const isRetryable = (error: unknown) => error instanceof ConcurrentEditError
  try {
    return await retry(() => tryMigrateRow(deps, id, options), {
      policy: RETRY_POLICIES.backfillRow,
      signal: deps.signal,
      isRetryable,
    })
  } catch (err) {
    deps.signal.throwIfAborted()
    if (err instanceof InvalidImageError) return { kind: 'failed', reason: err.message, temporary: false }
    if (isRetryable(err)) return { kind: 'failed', reason: 'was written by somebody else each time', temporary: true }
    deps.log.warn({ err, generation: id, run: options.runId }, 'row_migration_failed')
    return { kind: 'failed', reason: 'could not be moved right now', temporary: true }
  }
}

async function tryMigrateRow(deps: MigrateDeps, id: string, options: MigrateOptions): Promise<RowOutcome> {
  const ended = new AbortController()
  const signal = AbortSignal.any([deps.signal, ended.signal, AbortSignal.timeout(ROW_TIMEOUT_MS)])
  try {
    const outcome = await transaction(deps.rowPool, tx => migrateLockedRow({ ...deps, tx, signal, id }, options), {
      milliseconds: ROW_TIMEOUT_MS,
    })
    await deps.onFailpoint('committed')
    return outcome
  } finally {
    ended.abort()
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
  if (stored.slots.every(({ isEmbedded }) => !isEmbedded))
    return { kind: 'failed', reason: UNSUPPORTED_FILE_REASON, temporary: false }
  const hasFile = options.dryRun
    ? await wouldEmbedFile(context.tx, row, buildParameterPatch(stored.slots, stored.moved))
    : await writePointers(context, row, stored, options)
  return { kind: 'moved', ...sums, remainingReason: hasFile ? UNSUPPORTED_FILE_REASON : null }
}

/** Writes the pointers to stored images. @returns whether the row still embeds a file */
async function writePointers(
  context: RowContext,
  row: RowSnapshot,
  { slots, moved }: StoredRow,
  { runId }: MigrateOptions,
): Promise<boolean> {
  const { tx } = context
  const rows = await insertReferences(
    tx,
    row.workspaceId,
    moved.map(({ row }) => row),
  )
  // An existing reference was purged meanwhile: the next try stores it again.
  if (!rows) throw new ConcurrentEditError()
  const inserted = moved.map((image, index) => ({ ...image, row: rows[index] ?? image.row }))
  const patch = buildParameterPatch(slots, inserted)
  const written = await rewriteRow(tx, row, patch)
  if (!written) throw new ConcurrentEditError()
  const { workspaceId } = row
  const newIds = rows.flatMap(({ id, origin }) => (origin === 'new' ? [id] : []))
  const keys = rows.flatMap(({ key }) => objectKeys(key))
  // Sent at once: the round trips of one after the other take longer than the statements.
  await Promise.all([
    replaceReferences(tx, row, patch.referenceUrls),
    recordMoved(tx, row, { runId, moved: inserted }),
    enqueuePreviews(tx, workspaceId, newIds),
    cancelObjectRemovals(tx, workspaceId, keys),
    publishChange(tx, row),
  ])
  // The document of the generation is written now, rather than by the commit, for which other rows wait.
  await tx`set constraints all immediate`
  // Last: this locks the run's row, so every other row of the run waits here until this transaction commits.
  if (runId) await addMovedCounts(tx, runId, sumMoved(moved))
  await context.onFailpoint('rewritten')
  return !written.isMigrated
}

function sumMoved(moved: readonly MovedImage[]): { images: number; bytes: number; saved: number } {
  return {
    images: moved.length,
    bytes: moved.reduce((sum, { row }) => sum + row.bytes, 0),
    saved: moved.reduce((sum, { slot, row }) => sum + slot.length - mediaUrl(row.key).length, 0),
  }
}
