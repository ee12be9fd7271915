/**
 * Returns the time of the next try that a response names, in seconds from now, however long it is: `retry-after-ms`, else
 * `retry-after`, which has seconds or a date. Null if it names none.
 *
 * @see https://www.rfc-editor.org/rfc/rfc9110#section-10.2.3
 */
export function parseRetryAfter(headers: Headers): number | null {
  const milliseconds = parseDecimal(headers.get('retry-after-ms'))
  if (milliseconds !== null) return milliseconds / 1_000
  const header = headers.get('retry-after')
  if (header === null) return null
  const seconds = parseDecimal(header) ?? (Date.parse(header) - Date.now()) / 1_000
  return Number.isFinite(seconds) ? Math.max(0, seconds) : null
}

function parseDecimal(text: string | null): number | null {
  return text !== null && /^\d{1,10}(\.\d+)?$/.test(text.trim()) ? Number(text) : null
}
