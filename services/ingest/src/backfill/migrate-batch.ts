import type { BackfillFailure } from '@darkroom/contracts/history/backfill'
import pLimit from 'p-limit'
import { findCandidates } from './row-migration/generation-raw-rows.ts'
import { type MigrateDeps, type MigrateOptions, migrateRow, type RowOutcome } from './row-migration/migrate-row.ts'

export interface BatchOptions extends MigrateOptions {
  /** Cursor after which the batch begins; null for the first rows. */
  cursor: string | null
  /** Maximum number of rows. */
  limit: number
}

/** Result of a batch. */
export interface BatchResult {
  processed: number
  skipped: number
  moved: { updated: number; images: number; bytes: number; saved: number }
  failures: BackfillFailure[]
  /** Cursor after which the next batch begins. */
  cursor: string | null
  /** `stopped` if the run was stopped meanwhile, `end` if there are no more rows, else `full`. */
  ended: 'full' | 'end' | 'stopped'
}

/** Migrates the next rows, several at once. @throws what `migrateRow` throws, once no row is being migrated any more */
export async function migrateBatch(deps: MigrateDeps, options: BatchOptions): Promise<BatchResult> {
  const rows = await findCandidates(deps.database, options)
  const limit = pLimit(options.concurrency)
  const settled = await Promise.allSettled(rows.map(({ id }) => limit(() => migrateRow(deps, id, options))))
  const rejected = settled.find(result => result.status === 'rejected')
  if (rejected) throw rejected.reason
  const outcomes = settled.flatMap((result, index) => {
    const id = rows[index]?.id
    return result.status === 'fulfilled' && id ? [{ id, ...result.value }] : []
  })
  const isStopped = outcomes.some(({ kind }) => kind === 'stopped')
  return {
    ...sumOutcomes(outcomes),
    cursor: isStopped ? options.cursor : (rows.at(-1)?.cursor ?? options.cursor),
    ended: isStopped ? 'stopped' : rows.length < options.limit ? 'end' : 'full',
  }
}

function sumOutcomes(outcomes: readonly (RowOutcome & { id: string })[]): Omit<BatchResult, 'cursor' | 'ended'> {
  const moved = outcomes.filter(outcome => outcome.kind === 'moved')
  const sum = (key: 'images' | 'bytes' | 'saved') => moved.reduce((total, outcome) => total + outcome[key], 0)
  return {
    processed: outcomes.filter(({ kind }) => kind !== 'stopped').length,
    skipped: outcomes.filter(({ kind }) => kind === 'busy' || kind === 'nothing-to-do').length,
    moved: { updated: moved.length, images: sum('images'), bytes: sum('bytes'), saved: sum('saved') },
    failures: outcomes.flatMap(toFailures),
  }
}

function toFailures(outcome: RowOutcome & { id: string }): BackfillFailure[] {
  if (outcome.kind === 'failed') return [{ id: outcome.id, reason: outcome.reason, temporary: outcome.temporary }]
  const reason = outcome.kind === 'moved' ? outcome.remainingReason : null
  return reason === null ? [] : [{ id: outcome.id, reason, temporary: false }]
}
