import type { BackfillFailure } from '@darkroom/contracts/backfill'
import pLimit from 'p-limit'
import { findCandidates } from './row-migration/generation-raw-rows.ts'
import { type MigrateDeps, type MigrateOptions, migrateRow, type RowOutcome } from './row-migration/migrate-row.ts'

export interface BatchOptions extends MigrateOptions {
  /** Where it begins, null for the first rows. */
  cursor: string | null
  /** Rows at most. */
  limit: number
}

/** What a batch did. */
export interface BatchResult {
  processed: number
  skipped: number
  moved: { updated: number; images: number; bytes: number; saved: number }
  failures: BackfillFailure[]
  /** Where the next one begins. */
  cursor: string | null
  /** `stopped` if the run was stopped meanwhile, `end` if there were no more rows. */
  ended: 'full' | 'end' | 'stopped'
}

/** Moves the pictures of the next rows, several rows at once. @throws what `moveRow` throws, once no row is being worked on */
export async function runBatch(deps: MigrateDeps, options: BatchOptions): Promise<BatchResult> {
  const rows = await findCandidates(deps.database, options)
  const limit = pLimit(options.concurrency)
  const settled = await Promise.allSettled(rows.map(({ id }) => limit(() => migrateRow(deps, id, options))))
  const rejected = settled.find(result => result.status === 'rejected')
  if (rejected) throw rejected.reason
  const outcomes = settled.flatMap((result, at) => {
    const id = rows[at]?.id
    return result.status === 'fulfilled' && id ? [{ id, ...result.value }] : []
  })
  const stopped = outcomes.some(({ kind }) => kind === 'stopped')
  return {
    ...sumOutcomes(outcomes),
    cursor: stopped ? options.cursor : (rows.at(-1)?.cursor ?? options.cursor),
    ended: stopped ? 'stopped' : rows.length < options.limit ? 'end' : 'full',
  }
}

function sumOutcomes(outcomes: readonly (RowOutcome & { id: string })[]): Omit<BatchResult, 'cursor' | 'ended'> {
  const moved = outcomes.filter(outcome => outcome.kind === 'moved')
  const sum = (of: 'images' | 'bytes' | 'saved') => moved.reduce((total, outcome) => total + outcome[of], 0)
  return {
    processed: outcomes.filter(({ kind }) => kind !== 'stopped').length,
    skipped: outcomes.filter(({ kind }) => kind === 'busy' || kind === 'nothing-to-do').length,
    moved: { updated: moved.length, images: sum('images'), bytes: sum('bytes'), saved: sum('saved') },
    failures: outcomes.flatMap(toFailures),
  }
}

function toFailures(outcome: RowOutcome & { id: string }): BackfillFailure[] {
  if (outcome.kind === 'failed') return [{ id: outcome.id, reason: outcome.reason, temporary: outcome.temporary }]
  const rest = outcome.kind === 'moved' ? outcome.remainingReason : null
  return rest === null ? [] : [{ id: outcome.id, reason: rest, temporary: false }]
}
