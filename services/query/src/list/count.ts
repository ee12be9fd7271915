import type { Database } from '@darkroom/infra/database/connection'
import { buildAllRows, type ListFilter, resolveFilter } from './filter-conditions.ts'
import type { FilterQuery } from './filter-parameters.ts'
import { checkTimeZone } from './time-zone.ts'

export interface CountDeps {
  database: Database
  /** Days for which a deleted generation can be restored. */
  trashDays: number
}

/**
 * Counts the generations of a filter, and those of their outputs that can be shown. Of the trash it also says how long they are in it.
 *
 * @returns the JSON text of a `GenerationCount`
 * @throws ProblemError `invalid` for an unknown time zone
 */
export async function countGenerations({ database, trashDays }: CountDeps, query: FilterQuery): Promise<string> {
  const [row] = await checkTimeZone(async () => await selectCount(database, await resolveFilter(database, query)))
  const count = { generations: row?.generations ?? 0, outputs: row?.outputs ?? 0 }
  return JSON.stringify(query.filter.isTrashed ? { ...count, trashDays } : count)
}

/**
 * Builds the statement of the count, which reads an index and no documents. Outputs are counted one by one only where the document was
 * written by an older version.
 */
export function selectCount(database: Database, filter: ListFilter) {
  return database<{ generations: number; outputs: number }[]>`
    select count(*)::int as generations, coalesce(sum(coalesce(d.shown_outputs, (
      select count(*) from generation_outputs o
      where o.generation_id = d.generation_id and o.workspace_id = d.workspace_id and o.state in ('stored', 'temporary')
    ))), 0)::int as outputs
    ${buildAllRows(database, filter)}`
}
