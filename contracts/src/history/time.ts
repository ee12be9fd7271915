import { parseOffset, type TimeZone, UTC } from './time-zone.ts'

/** ISO 8601 as programs and databases write it: a day, or a day and a time, whose zone may be absent. */
const ISO_TIME =
  /^(?<day>\d{4}-\d\d-\d\d)(?:[Tt ](?<clock>\d\d:\d\d(?::\d\d)?)(?:[.,](?<fraction>\d{1,9}))? ?(?<zone>[Zz]|[+-]\d\d(?::?\d\d)?)?)?$/
/** As in HTTP and mail: `Mon, 02 Jan 2023 03:04:05 GMT`. */
const MAIL_TIME =
  /^(?:[A-Z][a-z]{2}, )?(?<date>\d{1,2}) (?<month>[A-Z][a-z]{2}) (?<year>\d{4}) (?<clock>\d\d:\d\d(?::\d\d)?) (?<zone>GMT|UTC|[+-]\d{4})$/
const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec']
const TIMESTAMP = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z$/

/**
 * Parses a time. One without a zone is UTC, on every machine.
 *
 * @returns undefined for text that is no time, and for a time that there never was: February 30, 24:00, the year 0
 */
export function parseTime(text: string): Date | undefined {
  const groups = parseGroups(text)
  return groups && parseIsoTime(groups, UTC)
}

/**
 * Parses a time as `parseTime` does, and keeps its microseconds.
 *
 * @param zone zone of a time that has none
 * @returns the time in UTC, as `2024-05-01T10:00:00.123456Z`; undefined for what is no time
 */
export function parseTimestamp(text: string, zone: TimeZone = UTC): string | undefined {
  const groups = parseGroups(text)
  const date = groups && parseIsoTime({ ...groups, fraction: '' }, zone)
  const micros = (groups?.fraction ?? '').padEnd(6, '0').slice(0, 6)
  return date && `${date.toISOString().slice(0, -'000Z'.length)}${micros}Z`
}

/** Returns whether a day, as `2026-02-28`, exists. `Date` takes February 30 for March 2, and Postgres has no year 0. */
export function isDay(text: string): boolean {
  const date = new Date(`${text}T00:00:00.000Z`)
  return !text.startsWith('0000') && !Number.isNaN(date.getTime()) && date.toISOString().slice(0, 10) === text
}

/** Returns whether a text is a time that exists, with its microseconds, as the studio writes it into cursors. */
export function isTimestamp(text: string): boolean {
  return TIMESTAMP.test(text) && parseTime(text) !== undefined
}

/** Converts the parts of a time as in mail to those of ISO 8601. */
function toIsoGroups(groups: Record<string, string> | undefined): Record<string, string> | undefined {
  if (!groups) return undefined
  const { date = '', month = '', year = '', clock = '', zone = '' } = groups
  const day = [year, String(MONTHS.indexOf(month) + 1).padStart(2, '0'), date.padStart(2, '0')].join('-')
  return { day, clock, zone: /^[A-Z]/.test(zone) ? 'Z' : zone }
}

function parseGroups(text: string): Record<string, string> | undefined {
  return ISO_TIME.exec(text)?.groups ?? toIsoGroups(MAIL_TIME.exec(text)?.groups)
}

function parseIsoTime(
  { day = '', clock = '00:00', fraction = '', zone }: Record<string, string>,
  absentZone: TimeZone,
): Date | undefined {
  const seconds = clock.length === 5 ? `${clock}:00` : clock
  const iso = `${day}T${seconds}.${fraction.padEnd(3, '0').slice(0, 3)}Z`
  const time = Date.parse(iso)
  const toUtc = zone === undefined ? absentZone : parseOffset(zone)
  if (!isDay(day) || Number.isNaN(time) || toUtc === undefined) return undefined
  return new Date(time).toISOString() === iso ? new Date(toUtc(time)) : undefined
}
