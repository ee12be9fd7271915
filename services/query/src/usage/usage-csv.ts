import type { Usage, UsageRow } from '@darkroom/contracts/history/usage'

const HEADER = [
  ...['day', 'model', 'connection', 'currency', 'calls', 'failed calls', 'unknown calls', 'images', 'videos'],
  ...['seconds', 'cost', 'reported', 'estimated', 'of failed calls', 'calls without a price', 'basis'],
]

/** Formats usage as CSV: a header, a row for each sum, amounts in units of their currency. @see https://www.rfc-editor.org/rfc/rfc4180 */
export function formatUsageCsv({ rows }: Pick<Usage, 'rows'>): string {
  const lines = [HEADER, ...rows.map(toCells)].map(cells => cells.map(escapeCell).join(','))
  return `${lines.join('\r\n')}\r\n`
}

function toCells(row: UsageRow): (string | number)[] {
  return [
    ...[row.day ?? '', row.model ?? '', row.connection ?? '', row.currency, row.calls, row.failedCalls],
    ...[row.unknownCalls, row.images, row.videos, row.seconds.toFixed(1), formatMicros(row.micros)],
    ...[formatMicros(row.reportedMicros), formatMicros(row.estimatedMicros), formatMicros(row.failedMicros)],
    row.unpricedCalls,
    findBasis(row),
  ]
}

/** Returns where a cost is from: a bill, an estimate or both; nothing if there is none. */
function findBasis({ reportedMicros, estimatedMicros, calls, unpricedCalls }: UsageRow): string {
  if (estimatedMicros > 0) return reportedMicros > 0 ? 'partly estimated' : 'estimated'
  if (reportedMicros > 0) return 'reported'
  return unpricedCalls === calls ? 'unknown' : ''
}

/** Formats micro-units as a decimal, without floating point: 40,000 is 0.040000. */
function formatMicros(micros: number): string {
  const digits = String(Math.abs(micros)).padStart(7, '0')
  return `${micros < 0 ? '-' : ''}${digits.slice(0, -6)}.${digits.slice(-6)}`
}

/** Quotes a cell where that is needed. A text that a spreadsheet would run as a formula begins with an apostrophe. */
function escapeCell(cell: string | number): string {
  const text = typeof cell === 'string' && /^[=+\-@\t\r]/.test(cell) ? `'${cell}` : String(cell)
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text
}
