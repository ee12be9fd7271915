import type { Database } from '@darkroom/infra/database/connection'
import { buildAllRows, buildConditions, type ListFilter, resolveFilter } from './filter-conditions.ts'
import type { FilterQuery } from './filter-parameters.ts'
import { checkTimeZone } from './time-zone.ts'
import { findFacet, selectSummedDays } from './timeline-days.ts'

/**
 * Counts the generations of a filter by day, newest day first, without empty days. Days are those of the time zone.
 *
 * @returns the JSON text of a `Timeline`
 * @throws ProblemError `invalid` for a time zone that the database does not know
 */
export async function readTimeline(database: Database, query: FilterQuery & { zone: string }): Promise<string> {
  const [row] = await checkTimeZone(
    async () => await selectTimeline(database, await resolveFilter(database, query), query.zone),
  )
  return `{"days":${row?.days ?? '[]'}}`
}

/** Builds the statement of the timeline. */
export function selectTimeline(database: Database, filter: ListFilter, zone: string) {
  const days = selectDays(database, filter, zone)
  return database<{ days: string | null }[]>`
    select json_agg(json_build_object('day', day::text, 'count', count) order by day desc)::text as days from (${days}) days
    where count > 0`
}

function selectDays(database: Database, filter: ListFilter, zone: string) {
  const facet = findFacet(filter)
  if (facet !== undefined) {
    const newest = selectByJumps(
      database,
      filter,
      zone,
      database`(select summed_before::timestamp at time zone 'UTC' from timeline_state)`,
    )
    return selectSummedDays(database, { filter, facet, zone, newest })
  }
  // Rows that are looked up, by words or by ids, would be looked up again for each day.
  const isLookedUp = [filter.search, filter.ids, filter.parentId].some(value => value !== undefined && value !== null)
  return isLookedUp
    ? selectGroups(database, filter, zone)
    : selectByJumps(database, filter, zone, database`'-infinity'::timestamptz`)
}

/**
 * Builds an index-only loose scan, which jumps from one day that has generations to the next. Computing the day of every row takes
 * three times as long.
 */
function selectByJumps(database: Database, filter: ListFilter, zone: string, since: ReturnType<Database>) {
  const rows = database`from generation_documents d
    where d.workspace_id = ${filter.workspaceId} and ${buildConditions(database, filter)} and d.created_at >= ${since}`
  const startOfDay = (days: number) => database`((days.day + ${days}::int)::timestamp at time zone ${zone})`
  const dayOfNewest = database`(d.created_at at time zone ${zone})::date as day ${rows}`
  return database`
    with recursive days as (
      (select ${dayOfNewest} order by d.created_at desc limit 1)
      union all
      select (select ${dayOfNewest} and d.created_at < ${startOfDay(0)} order by d.created_at desc limit 1)
      from days where day is not null
    )
    select day, (select count(*) ${rows} and d.created_at >= ${startOfDay(0)} and d.created_at < ${startOfDay(1)}) as count
    from days where day is not null`
}

function selectGroups(database: Database, filter: ListFilter, zone: string) {
  return database`
    select (d.created_at at time zone ${zone})::date as day, count(*) as count ${buildAllRows(database, filter)} group by day`
}
