const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec']
const CLOCK = String.raw`(?<clock>\d\d:\d\d:\d\d)`
/** The three forms of a date in HTTP: that of today, that of RFC 850 with two digits for the year, and that of C's `asctime`. */
const FORMS = [
  new RegExp(String.raw`^[A-Z][a-z]{2}, (?<day>\d\d) (?<month>[A-Z][a-z]{2}) (?<year>\d{4}) ${CLOCK} GMT$`),
  new RegExp(String.raw`^[A-Z][a-z]{5,8}, (?<day>\d\d)-(?<month>[A-Z][a-z]{2})-(?<year>\d\d) ${CLOCK} GMT$`),
  new RegExp(String.raw`^[A-Z][a-z]{2} (?<month>[A-Z][a-z]{2}) (?<day>[ \d]\d) ${CLOCK} (?<year>\d{4})$`),
]
const FAR_FUTURE_YEARS = 50

/**
 * Parses a date of a header. A condition on a date that is none does not count.
 *
 * @param now milliseconds since 1970, by which the century of two digits is found
 * @returns seconds since 1970; undefined for text that is no date
 * @see https://www.rfc-editor.org/rfc/rfc9110#section-5.6.7
 */
export function parseHttpDate(text: string, now: number): number | undefined {
  const groups = FORMS.map(form => form.exec(text.trim())?.groups).find(groups => groups !== undefined)
  if (!groups) return undefined
  const { day = '', month = '', year = '', clock = '' } = groups
  const monthNumber = String(MONTHS.indexOf(month) + 1).padStart(2, '0')
  const fullYear = year.length === 2 ? findYear(Number(year), new Date(now).getUTCFullYear()) : year
  const milliseconds = Date.parse(`${fullYear}-${monthNumber}-${day.trim().padStart(2, '0')}T${clock}Z`)
  return Number.isNaN(milliseconds) ? undefined : milliseconds / 1_000
}

/** Returns the year with these last two digits that is not more than fifty years ahead. */
function findYear(digits: number, thisYear: number): number {
  const year = thisYear - (thisYear % 100) + digits
  return year > thisYear + FAR_FUTURE_YEARS ? year - 100 : year
}
