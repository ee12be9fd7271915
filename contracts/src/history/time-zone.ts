/** Converts the time on a clock of a zone, in ms as if it were UTC, to UTC. */
export type TimeZone = (clockMs: number) => number

const [MINUTE_MS, DAY_MS, MAX_OFFSET_MINUTES] = [60_000, 86_400_000, 15 * 60]

/** The zone of times that are UTC. */
export const UTC: TimeZone = clockMs => clockMs

/**
 * Parses the name of a zone: one of the IANA database, as `Europe/Paris`, or an offset, as `+02:00`. A time that a zone has twice, when
 * its clocks are turned back, is the earlier one; one that it skips is as much later as it skips, as in RFC 5545.
 *
 * @returns undefined if there is no such zone
 * @see https://www.rfc-editor.org/rfc/rfc5545#section-3.3.5
 */
export function parseTimeZone(name: string): TimeZone | undefined {
  return parseOffset(name) ?? createNamedZone(name)
}

/** Parses an offset from UTC: `Z`, `+02`, `+02:00`, `+0200`. */
export function parseOffset(text: string): TimeZone | undefined {
  if (/^z$/i.test(text)) return UTC
  const [, sign, hours = '', minutes = '00'] = /^([+-])(\d\d)(?::?(\d\d))?$/.exec(text) ?? []
  const total = Number(hours) * 60 + Number(minutes)
  if (sign === undefined || Number(minutes) > 59 || total > MAX_OFFSET_MINUTES) return undefined
  const offsetMs = (sign === '-' ? -total : total) * MINUTE_MS
  return clockMs => clockMs - offsetMs
}

function createNamedZone(name: string): TimeZone | undefined {
  const format = createFormat(name)
  if (!format) return undefined
  const getOffset = (ms: number) => readClock(format, ms) - ms
  return clockMs => {
    const [before, after] = [getOffset(clockMs - DAY_MS), getOffset(clockMs + DAY_MS)]
    const [earlier, later] = [clockMs - before, clockMs - after]
    if (getOffset(earlier) === before) return earlier
    return getOffset(later) === after ? later : earlier
  }
}

function createFormat(timeZone: string): Intl.DateTimeFormat | undefined {
  const numeric = 'numeric'
  const parts = {
    year: numeric,
    month: numeric,
    day: numeric,
    hour: numeric,
    minute: numeric,
    second: numeric,
  } as const
  try {
    return new Intl.DateTimeFormat('en-US', { ...parts, timeZone, calendar: 'gregory', hourCycle: 'h23' })
  } catch {
    return undefined
  }
}

/** Returns the time on the clock of a zone, in ms as if it were UTC. */
function readClock(format: Intl.DateTimeFormat, ms: number): number {
  const parts = new Map(format.formatToParts(ms).map(({ type, value }) => [type, Number(value)]))
  const get = (type: Intl.DateTimeFormatPartTypes) => parts.get(type) ?? 0
  const seconds = Date.UTC(get('year'), get('month') - 1, get('day'), get('hour'), get('minute'), get('second'))
  return seconds + (((ms % 1_000) + 1_000) % 1_000)
}
