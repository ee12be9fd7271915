import type { BackfillReport } from '../../src/database/backfill-report.ts'

const UNITS = ['B', 'KB', 'MB', 'GB', 'TB'] as const
const MAX_FAILURES_SHOWN = 20

/** Computes the progress of a run: in rows, or in images for a verification. */
export function computeProgress(report: BackfillReport): { done: number; total: number; text: string } {
  const { total, processed, updated, skipped, failures, seconds, bytesMoved } = report
  // `processed` rises at the end of each batch, the others with each row.
  const seen = Math.max(processed, updated + skipped + failures.length)
  const done = report.state === 'done' ? total : Math.min(total, seen)
  const rate = seconds > 0 ? seen / seconds : 0
  const left = rate > 0 && report.state === 'running' ? `, ${formatDuration((total - done) / rate)} left` : ''
  const errors = failures.length === 1 ? '1 error' : `${failures.length} errors`
  const unit = report.kind === 'verify' ? 'pictures' : 'rows'
  const bytesRate = seconds > 0 ? bytesMoved / seconds : 0
  return {
    done,
    total,
    text: `${unit}, ${formatBytes(bytesMoved)}, ${rate.toFixed(1)} ${unit}/s, ${formatBytes(bytesRate)}/s${left}, ${errors}`,
  }
}

/** Formats the result of a run, a statement a line. */
export function formatSummary(report: BackfillReport): string[] {
  const { id, kind, state, dryRun, images, updated, skipped, bytesMoved, bytesSaved, seconds, failures } = report
  const time = formatDuration(seconds)
  if (kind === 'verify') {
    return [
      `Run ${id}: ${state} after ${time}.`,
      `${images} pictures, ${formatBytes(bytesMoved)}, read back and compared; ${failures.length} not as they were moved.`,
    ]
  }
  const what = dryRun ? 'could be moved out of' : 'moved out of'
  return [
    `Run ${id}: ${state} after ${time}${dryRun ? ', a dry run: nothing was changed' : ''}.`,
    `${images} pictures, ${formatBytes(bytesMoved)}, ${what} ${updated} rows; the rows are ${formatBytes(bytesSaved)} smaller.`,
    `${skipped} rows skipped, ${failures.length} not moved.`,
  ]
}

/** Formats the rows that were not moved, each with its reason. */
export function formatFailures({ failures }: BackfillReport): string[] {
  const shown = failures.slice(0, MAX_FAILURES_SHOWN).map(({ id, reason, temporary }) => {
    return `  ${id}  ${reason}${temporary ? ' (another try may help)' : ''}`
  })
  const more = failures.length - shown.length
  return more > 0 ? [...shown, `  and ${more} more; --json has them all`] : shown
}

/** Formats the latest runs, one a line. */
export function formatRuns(reports: readonly BackfillReport[]): string[] {
  if (reports.length === 0) return ['There was no run yet.']
  return reports.map(report => {
    const { done, total, text } = computeProgress(report)
    const name = `${report.kind}${report.dryRun ? ', dry run' : ''}`
    return `${report.id}  ${report.createdAt.slice(0, 16)}  ${name.padEnd(14)} ${report.state.padEnd(8)} ${done}/${total} ${text}`
  })
}

/** Formats a number of bytes with a decimal unit: `1.5 MB`. */
export function formatBytes(bytes: number): string {
  const at = Math.min(UNITS.length - 1, Math.max(0, Math.floor(Math.log10(Math.max(1, bytes)) / 3)))
  return `${(bytes / 1_000 ** at).toFixed(at === 0 ? 0 : 1)} ${UNITS[at]}`
}

function formatDuration(seconds: number): string {
  const whole = Math.round(seconds)
  if (whole < 100) return `${whole} s`
  if (whole < 6_000) return `${Math.round(whole / 60)} min`
  return `${(whole / 3_600).toFixed(1)} h`
}
