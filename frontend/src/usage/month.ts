/** A month (UTC), as `2026-11`. */
export type Month = string

const DAY_MS = 86_400_000

/** Returns the month of an instant. @param now ms since 1970 */
export function getMonth(now: number): Month {
  return new Date(now).toISOString().slice(0, 7)
}

/** Returns the day of an instant, as `2026-11-26`. @param now ms since 1970 */
export function getDay(now: number): string {
  return new Date(now).toISOString().slice(0, 10)
}

/** Parses the rest of the page's address. Returns the present month for a text that is none, and for one that has not begun. */
export function parseMonth(text: string, present: Month): Month {
  return /^20\d\d-(0[1-9]|1[0-2])$/.test(text) && text < present ? text : present
}

/** Returns the month that is a number of months later, or earlier if that is negative. */
export function addMonths(month: Month, months: number): Month {
  const [year = 0, number = 1] = month.split('-').map(Number)
  return new Date(Date.UTC(year, number - 1 + months)).toISOString().slice(0, 7)
}

/** Lists months, newest first: those of the last two years, and all since the shown one. */
export function listMonths(present: Month, shown: Month): Month[] {
  const months = [present]
  for (let month = present; months.length < 24 || month > shown; ) {
    month = addMonths(month, -1)
    months.push(month)
  }
  return months
}

/** Lists the days of a month, as `2026-11-01`. */
export function listDays(month: Month): string[] {
  const first = Date.parse(`${month}-01`)
  const count = Math.round((Date.parse(`${addMonths(month, 1)}-01`) - first) / DAY_MS)
  return Array.from({ length: count }, (_, index) => getDay(first + index * DAY_MS))
}

/** Formats a month: `November 2026`. */
export function formatMonth(month: Month): string {
  return format(`${month}-01`, { month: 'long', year: 'numeric' })
}

/** Formats a month without its year if that is the present one: `November`, `November 2025`. */
export function formatShortMonth(month: Month, present: Month): string {
  return month.slice(0, 4) === present.slice(0, 4) ? format(`${month}-01`, { month: 'long' }) : formatMonth(month)
}

/** Formats a day: `Thu 19 Nov`. */
export function formatWeekday(day: string): string {
  return `${format(day, { weekday: 'short' })} ${formatDay(day)}`
}

/** Formats a day: `19 Nov`. */
export function formatDay(day: string): string {
  return `${format(day, { day: 'numeric' })} ${format(day, { month: 'short' })}`
}

function format(day: string, options: Intl.DateTimeFormatOptions): string {
  return new Intl.DateTimeFormat('en', { ...options, timeZone: 'UTC' }).format(new Date(day))
}
