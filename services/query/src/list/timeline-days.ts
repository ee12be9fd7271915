import type { Database } from '@darkroom/infra/database/connection'
import { buildConditions, type ListFilter } from './filter-conditions.ts'

/** Timeline of a filter whose days are summed up. */
export interface SummedTimeline {
  filter: ListFilter
  facet: string
  zone: string
  /** Query of the days that are not summed up yet: their `day` and `count`. */
  newest: ReturnType<typeof buildConditions>
}

/**
 * Returns the name by which the days of a filter are summed up: '' for the list without a filter, else its only condition. Undefined for
 * any other filter.
 */
export function findFacet(filter: ListFilter): string | undefined {
  const { workspaceId: _, isTrashed, search, statuses, kind, models, isFavourite, hasReferences, ...others } = filter
  const isOther = isTrashed || isFavourite === false || hasReferences === false || search !== null
  if (isOther || Object.values(others).some(value => value !== undefined)) return undefined
  const facets = [
    ...(statuses ?? []).map(status => `status:${status}`),
    ...(kind === undefined ? [] : [`kind:${kind}`]),
    ...(models ?? []).map(model => `model:${model}`),
    ...(isFavourite ? ['favourite'] : []),
    ...(hasReferences ? ['references'] : []),
  ]
  return facets.length < 2 ? (facets[0] ?? '') : undefined
}

/**
 * Builds the query of the days of a time zone and their counts, from the sums of the days of UTC. Such a day has a part in each of the two
 * days of the zone that it overlaps. A day that has changed since is counted, as is one that a zone divides within a quarter of an hour, as
 * some did until 1972. It is one statement, so that each generation is in one of its parts.
 */
export function selectSummedDays(database: Database, { filter, facet, zone, newest }: SummedTimeline) {
  const { workspaceId } = filter
  return database`
    with divided as (
      select s.day, s.counts, (s.start at time zone ${zone})::date as first_day, last.day as last_day,
        extract(epoch from (last.day::timestamp at time zone ${zone}) - s.start) / 900 as quarter,
        exists (select from timeline_changes c where c.workspace_id = ${workspaceId} and c.day = s.day) as is_changed
      from (
        select day, counts, day::timestamp at time zone 'UTC' as start from timeline_days
        where workspace_id = ${workspaceId} and facet = ${facet}
      ) s, lateral (
        select (((s.day + 1)::timestamp at time zone 'UTC' - interval '1 microsecond') at time zone ${zone})::date as day
      ) last
    ), summed as (
      select first_day, last_day, counts[cardinality(counts)] & x'ffffff'::int as total,
        case when first_day < last_day then coalesce(counts[width_bucket((quarter::int << 24) - 1, counts)] & x'ffffff'::int, 0) else 0 end as before
      from divided where not is_changed and (first_day = last_day or quarter = floor(quarter))
    ), counted as (
      select day from timeline_changes where workspace_id = ${workspaceId}
      union
      select day from divided where not is_changed and first_day < last_day and quarter <> floor(quarter)
    )
    select day, sum(count)::int as count from (
      select first_day as day, before as count from summed where first_day < last_day
      union all
      select last_day, total - before from summed
      union all
      select (d.created_at at time zone ${zone})::date, 1 from counted c, generation_documents d
      where d.workspace_id = ${workspaceId} and ${buildConditions(database, filter)}
        and d.created_at >= c.day::timestamp at time zone 'UTC' and d.created_at < (c.day + 1)::timestamp at time zone 'UTC'
      union all
      select day, count from (${newest}) newest
    ) parts group by day`
}
