import type { BackfillFailure, BackfillOptions, BackfillState } from '@darkroom/contracts/history/backfill'
import type { Queryable } from './connection.ts'

/** The progress of a run of the backfill, for operators. */
export interface BackfillReport {
  id: string
  kind: BackfillOptions['kind']
  state: BackfillState
  verifies: string | null
  dryRun: boolean
  /** Rows at the start of the run; images if it verifies. */
  total: number
  processed: number
  updated: number
  skipped: number
  images: number
  bytesMoved: number
  bytesSaved: number
  pass: number
  createdAt: string
  finishedAt: string | null
  seconds: number
  failures: BackfillFailure[]
}

const MAX_REPORTS = 20

/** Returns the report of a run; undefined if the run does not exist, or not yet. */
export async function readReport(db: Queryable, id: string): Promise<BackfillReport | undefined> {
  return (await selectReports(db, id))[0]
}

/** Returns the reports of the latest runs, newest first. */
export async function listReports(db: Queryable): Promise<BackfillReport[]> {
  return await selectReports(db, null)
}

async function selectReports(db: Queryable, id: string | null): Promise<BackfillReport[]> {
  return await db<BackfillReport[]>`
    select id, kind, state, verifies, dry_run as "dryRun", total, processed, updated, skipped, images,
           bytes_moved as "bytesMoved", bytes_saved as "bytesSaved", pass, timestamp_text(created_at) as "createdAt",
           timestamp_text(finished_at) as "finishedAt",
           extract(epoch from coalesce(finished_at, case state when 'running' then clock_timestamp() else seen_at end) - created_at)::float8
             as seconds,
           (select coalesce(json_agg(json_build_object('id', f.generation_id, 'reason', f.reason, 'temporary', f.temporary)
                                     order by f.generation_id), '[]'::json)
            from backfill_failures f where f.run_id = r.id) as failures
    from backfill_runs r where ${id}::uuid is null or id = ${id}
    order by created_at desc limit ${MAX_REPORTS}`
}
