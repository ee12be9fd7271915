import type { Database } from '@darkroom/infra/database/connection'
import { ProblemError } from '@darkroom/infra/http/problem'
import { z } from 'zod'

/** Query parameters of the timeline. @see https://www.iana.org/time-zones */
export const TimelineParameters = z.strictObject({
  zone: z
    .string()
    .regex(/^[A-Za-z][A-Za-z0-9_+/-]{0,63}$/, 'is not the name of a time zone')
    .default('UTC'),
})

const INVALID_PARAMETER = '22023'

/**
 * Counts the generations of a workspace by day, newest day first, without empty days. Days are those of the time zone.
 *
 * @returns the JSON text of a `Timeline`
 * @throws ProblemError `invalid` for a time zone that the database does not know
 */
export async function readTimeline(
  database: Database,
  request: { workspaceId: string; zone: string },
): Promise<string> {
  try {
    const [row] = await selectTimeline(database, request)
    return `{"days":${row?.days ?? '[]'}}`
  } catch (error) {
    if (!isUnknownTimeZone(error)) throw error
    throw new ProblemError('invalid', 'zone is not a time zone that is known here.', { cause: error })
  }
}

/**
 * Builds the statement of the timeline: an index-only loose scan, which jumps from one day that has generations to the next.
 * Computing the day of every row takes three times as long.
 */
export function selectTimeline(database: Database, { workspaceId, zone }: { workspaceId: string; zone: string }) {
  const visibleRows = database`from generation_documents where workspace_id = ${workspaceId} and deleted_at is null`
  const startOfDay = (days: number) => database`((days.day + ${days}::int)::timestamp at time zone ${zone})`
  const dayOfNewest = database`(created_at at time zone ${zone})::date as day ${visibleRows}`
  return database<{ days: string | null }[]>`
    with recursive days as (
      (select ${dayOfNewest} order by created_at desc limit 1)
      union all
      select (select ${dayOfNewest} and created_at < ${startOfDay(0)} order by created_at desc limit 1)
      from days where day is not null
    )
    select json_agg(json_build_object('day', day::text, 'count', (
      select count(*) ${visibleRows} and created_at >= ${startOfDay(0)} and created_at < ${startOfDay(1)}
    )) order by day desc)::text as days
    from days where day is not null`
}

function isUnknownTimeZone(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === INVALID_PARAMETER
}
