import { isDay } from '@darkroom/contracts/history/time'
import { USAGE_DIMENSIONS, type UsageDimension } from '@darkroom/contracts/history/usage'
import { ProblemError } from '@darkroom/infra/http/problem'
import { z } from 'zod'
import { CommaList } from '../comma-list.ts'

/** A day that Postgres has, too: there is no year 0. */
const Day = z.iso.date().refine(isDay, 'is not a day that there was')

/** Query of `GET /api/usage`. Days are UTC, and both ends of the range count; the present month unless given. */
export const UsageParameters = z.strictObject({
  from: Day.optional(),
  to: Day.optional(),
  by: CommaList.optional(),
})

/** A range of whole days (UTC), and the dimensions by which its calls are summed up. */
export interface UsageQuery {
  /** First day, as `2026-11-01`. */
  from: string
  /** Last day. */
  to: string
  by: UsageDimension[]
}

const MAX_DAYS = 400
const DAY_MS = 86_400_000

/**
 * Returns the query of a request.
 *
 * @param now the present time, from which the month is taken
 * @throws ProblemError `invalid`
 */
export function parseUsageQuery(parameters: z.infer<typeof UsageParameters>, now: Date): UsageQuery {
  const month = getMonth(now)
  const { from = month.from, to = parameters.from === undefined ? month.to : lastDayOfMonth(parameters.from) } =
    parameters
  const days = (Date.parse(to) - Date.parse(from)) / DAY_MS
  if (days < 0) throw createInvalidError('to', 'is before from')
  if (days >= MAX_DAYS) throw createInvalidError('to', `is more than ${MAX_DAYS} days after from`)
  return { from, to, by: parseDimensions(parameters.by) }
}

function parseDimensions(names: readonly string[] = ['day']): UsageDimension[] {
  const unknown = names.find(name => !USAGE_DIMENSIONS.some(dimension => dimension === name))
  if (unknown !== undefined) throw createInvalidError('by', `can be ${USAGE_DIMENSIONS.join(', ')}, or several of them`)
  return USAGE_DIMENSIONS.filter(dimension => names.includes(dimension))
}

/** Returns the first and the last day of the month of an instant. */
function getMonth(now: Date): { from: string; to: string } {
  const from = `${now.toISOString().slice(0, 7)}-01`
  return { from, to: lastDayOfMonth(from) }
}

function lastDayOfMonth(day: string): string {
  const [year = 0, month = 1] = day.split('-').map(Number)
  return new Date(Date.UTC(year, month, 0)).toISOString().slice(0, 10)
}

function createInvalidError(path: string, message: string): ProblemError {
  return new ProblemError('invalid', `${path} ${message}.`, { errors: [{ path, message }] })
}
