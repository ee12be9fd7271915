import { objectsOf } from '@darkroom/contracts/previews'
import { mediaUrl } from '@darkroom/contracts/routes'
import { type Database, type Transaction, transaction } from '@darkroom/infra/database/connection'
import { touch } from '@darkroom/infra/generations/generations'
import type { ByteBudget } from '@darkroom/infra/runtime/byte-budget'
import { backoff, sleep } from '@darkroom/infra/runtime/timers'
import { insertReferences, keepObjects, orderPreviews } from '../references/reference-rows.ts'
import { type Head, rewriteRow, takeRow } from './generation-raw-rows.ts'
import { noteMoved } from './manifest-rows.ts'
import { type Moved, rewriting } from './parameter-patch.ts'
import { countMoved } from './run-rows.ts'
import { type KeepDeps, UnmovableError } from './store-image.ts'
import { EditedError, type KeptRow, keepRow } from './store-row-images.ts'

export interface MoveDeps extends KeepDeps {
  /** For transactions that last as long as a row's pictures take to be stored. */
  rows: Database
  budget: ByteBudget
  signal: AbortSignal
}

export interface MoveOptions {
  runId: string | null
  dryRun: boolean
  /** Pictures of one row that are stored at once. */
  concurrency: number
}

/** What became of a row. `rest` says what it still has that is not a reference's picture. */
export type Outcome =
  | { kind: 'moved'; images: number; bytes: number; saved: number; rest: string | null }
  | { kind: 'nothing-to-do' | 'busy' | 'stopped' }
  | { kind: 'failed'; reason: string; temporary: boolean }

const ROW_MS = 600_000
const TRIES = 5
const ELSEWHERE = 'has a file as text in another place than referenceImage and referenceImages'

/**
 * Moves the pictures of one row into the store and leaves pointers, in one transaction that holds the row against other
 * backfills and nobody else: whoever writes the row meanwhile wins, and it is read again.
 *
 * @throws the signal's reason; what the database throws
 */
export async function moveRow(deps: MoveDeps, id: string, options: MoveOptions): Promise<Outcome> {
  for (let tries = 1; tries <= TRIES; tries++) {
    const outcome = await tryRow(deps, id, options)
    if (outcome !== 'edited') return outcome
    await sleep(backoff(tries, { base: 20, most: 1_000 }), deps.signal)
  }
  return { kind: 'failed', reason: 'was written by somebody else each time', temporary: true }
}

async function tryRow(deps: MoveDeps, id: string, options: MoveOptions): Promise<Outcome | 'edited'> {
  const given = new AbortController()
  const signal = AbortSignal.any([deps.signal, given.signal, AbortSignal.timeout(ROW_MS)])
  try {
    const work = transaction(deps.rows, tx => workOn({ ...deps, tx, signal, id }, options), {
      milliseconds: ROW_MS,
    })
    const outcome = await work
    await deps.atStep('committed')
    return outcome
  } catch (err) {
    deps.signal.throwIfAborted()
    if (err instanceof EditedError) return 'edited'
    if (err instanceof UnmovableError) return { kind: 'failed', reason: err.message, temporary: false }
    deps.log.warn({ err, id }, 'a row was not moved')
    return { kind: 'failed', reason: 'could not be moved right now', temporary: true }
  } finally {
    given.abort()
  }
}

type Work = MoveDeps & { tx: Transaction; id: string }

async function workOn(work: Work, options: MoveOptions): Promise<Outcome> {
  const head = await takeRow(work.tx, work.id, { runId: options.runId, milliseconds: ROW_MS })
  if (head === 'gone') return { kind: 'nothing-to-do' }
  if (typeof head === 'string') return { kind: head }
  const kept = await keepRow(work, head, options)
  await work.atStep('kept')
  const sums = sumsOf(kept.moved)
  if (kept.slots.every(({ embedded }) => !embedded)) return { kind: 'failed', reason: ELSEWHERE, temporary: false }
  if (options.dryRun) return { kind: 'moved', ...sums, rest: null }
  return { kind: 'moved', ...sums, rest: await write(work, head, kept, options) }
}

/** Writes what was kept. @returns what the row still has that is not a reference's picture */
async function write(
  work: Work,
  head: Head,
  { slots, moved }: KeptRow,
  { runId }: MoveOptions,
): Promise<string | null> {
  const { tx, id } = work
  const rows = await insertReferences(
    tx,
    head.workspaceId,
    moved.map(({ row }) => row),
  )
  // One that was there before was being removed for good: it is stored again.
  if (!rows) throw new EditedError()
  const pointed = moved.map((one, at) => ({ ...one, row: rows[at] ?? one.row }))
  const written = await rewriteRow(tx, head, rewriting(slots, pointed))
  if (!written) throw new EditedError()
  await noteMoved(tx, { runId, generationId: id, moved: pointed })
  const fresh = rows.filter(({ was }) => was === 'stored')
  await orderPreviews(
    tx,
    fresh.map(row => row.id),
  )
  await keepObjects(
    tx,
    rows.flatMap(row => objectsOf(row.key)),
  )
  await touch(tx, id)
  // Last, because every row of a run waits here for the one before it to be committed.
  if (runId) await countMoved(tx, runId, sumsOf(moved))
  await work.atStep('rewritten')
  return written.free ? null : ELSEWHERE
}

function sumsOf(moved: readonly Moved[]): { images: number; bytes: number; saved: number } {
  return {
    images: moved.length,
    bytes: moved.reduce((sum, { row }) => sum + row.bytes, 0),
    saved: moved.reduce((sum, { slot, row }) => sum + slot.length - mediaUrl(row.key).length, 0),
  }
}
