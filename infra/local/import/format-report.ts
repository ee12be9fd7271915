import type { ImportMessage, ImportReport } from '@darkroom/contracts/history/import-report'

const [BAR_CELLS, MEGABYTE] = [24, 1e6]
const NUMBER = new Intl.NumberFormat('en-US')

/** Returns the progress of an import as one line. */
export function formatProgress(
  { done, total, unit, records }: Extract<ImportMessage, { type: 'progress' }>,
  milliseconds: number,
): string {
  const share = total === 0 ? 1 : done / total
  const cells = Math.round(share * BAR_CELLS)
  const bar = `${'█'.repeat(cells)}${'░'.repeat(BAR_CELLS - cells)}`
  const format = (amount: number) => (unit === 'bytes' ? (amount / MEGABYTE).toFixed(1) : NUMBER.format(amount))
  const amount = `${format(done)} of ${format(total)} ${unit === 'bytes' ? 'MB' : unit}`
  const rate = NUMBER.format(Math.round(records / Math.max(milliseconds / 1_000, 0.001)))
  return `${bar} ${Math.floor(share * 100)}%  ${amount}, ${NUMBER.format(records)} generations, ${rate}/s`
}

/** Returns the report of an import as lines. */
export function formatSummary(report: ImportReport): string[] {
  const { imported, known, failed, unknownKeys, passedOver, leftOut, dryRun, seconds } = report
  const rate = NUMBER.format(Math.round((imported + known + failed) / Math.max(seconds, 0.001)))
  const counts = [
    `${NUMBER.format(imported)} ${dryRun ? 'would be imported' : 'imported'}`,
    `${NUMBER.format(known)} known already`,
    `${NUMBER.format(failed)} not imported`,
  ]
  return [
    `${counts.join(', ')} (${seconds.toFixed(1)} s, ${rate}/s).`,
    ...formatCounts('Unknown keys, not imported', unknownKeys),
    ...formatCounts('Files of other kinds, passed over', passedOver),
    ...formatCounts('Left out', leftOut),
    ...(imported > 0 && !dryRun
      ? ['`bun run backfill reference-images` moves the reference images that came as text.']
      : []),
  ]
}

/** Returns `title: foo (12 times), bar (1)`, or nothing if there is none. */
function formatCounts(title: string, counts: Readonly<Record<string, number>>): string[] {
  const parts = Object.entries(counts).map(
    ([name, count], index) =>
      `${name} (${NUMBER.format(count)}${index === 0 ? (count === 1 ? ' time' : ' times') : ''})`,
  )
  return parts.length === 0 ? [] : [`${title}: ${parts.join(', ')}.`]
}
