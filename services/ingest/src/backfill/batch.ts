import type { BackfillFailure } from '@darkroom/contracts/backfill'
import pLimit from 'p-limit'
import { findCandidates } from './generation-raw-rows.ts'
import { type MoveDeps, type MoveOptions, moveRow, type Outcome } from './migrate-row.ts'

export interface BatchOptions extends MoveOptions {
  /** Where it begins, null for the first rows. */
  cursor: string | null
  /** Rows at most. */
  limit: number
}

/** What a batch did. */
export interface Batch {
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
export async function runBatch(deps: MoveDeps, options: BatchOptions): Promise<Batch> {
  const rows = await findCandidates(deps.database, options)
  const limit = pLimit(options.concurrency)
  const settled = await Promise.allSettled(rows.map(({ id }) => limit(() => moveRow(deps, id, options))))
  const broken = settled.find(result => result.status === 'rejected')
  if (broken) throw broken.reason
  const outcomes = settled.flatMap((result, at) => {
    const id = rows[at]?.id
    return result.status === 'fulfilled' && id ? [{ id, ...result.value }] : []
  })
  const stopped = outcomes.some(({ kind }) => kind === 'stopped')
  return {
    ...sumOf(outcomes),
    cursor: stopped ? options.cursor : (rows.at(-1)?.cursor ?? options.cursor),
    ended: stopped ? 'stopped' : rows.length < options.limit ? 'end' : 'full',
  }
}

function sumOf(outcomes: readonly (Outcome & { id: string })[]): Omit<Batch, 'cursor' | 'ended'> {
  const moved = outcomes.filter(outcome => outcome.kind === 'moved')
  const sum = (of: 'images' | 'bytes' | 'saved') => moved.reduce((total, outcome) => total + outcome[of], 0)
  return {
    processed: outcomes.filter(({ kind }) => kind !== 'stopped').length,
    skipped: outcomes.filter(({ kind }) => kind === 'busy' || kind === 'nothing-to-do').length,
    moved: { updated: moved.length, images: sum('images'), bytes: sum('bytes'), saved: sum('saved') },
    failures: outcomes.flatMap(failureOf),
  }
}

function failureOf(outcome: Outcome & { id: string }): BackfillFailure[] {
  if (outcome.kind === 'failed') return [{ id: outcome.id, reason: outcome.reason, temporary: outcome.temporary }]
  const rest = outcome.kind === 'moved' ? outcome.rest : null
  return rest === null ? [] : [{ id: outcome.id, reason: rest, temporary: false }]
}
