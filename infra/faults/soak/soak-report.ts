import { computeWaitRatio } from './soak-kinds.ts'
import { calculateHourlyGrowth } from './soak-memory.ts'
import type { SoakReport } from './soak-run.ts'

/** The facts of a run for a table of results. */
export interface SoakSummary {
  seed: string
  minutes: number
  store: string
  generations: number
  kills: number
  faults: number
  /** Calls whose outcome is unknown, and answers by which the provider left it open. */
  unknown: SoakReport['calls']['unknown']
  ambiguous: number
  /** Outputs that the provider delivered whole as bytes, and of these those that a kill or a user excuses. */
  delivered: number
  excused: number
  probes: number
  objects: SoakReport['objects']
  bills: SoakReport['bills']
  skipped: string[]
  violations: number
}

export function summarize(
  report: SoakReport,
  run: Pick<SoakSummary, 'seed' | 'minutes' | 'store' | 'skipped'>,
): SoakSummary {
  const { unknown, ambiguous, delivered, excused } = report.calls
  return {
    ...run,
    generations: report.accepted,
    kills: report.kills,
    faults: sum(Object.values(report.faults)),
    unknown,
    ambiguous,
    delivered,
    excused,
    probes: report.probes,
    objects: report.objects,
    bills: report.bills,
    violations: report.violations.length,
  }
}

/** Returns the head of the table of results. */
export const TABLE_HEAD = [
  '| seed | minutes | store | generations | kills | faults | unknown outcomes (left open by provider or network, by a kill, cancelled) | ambiguous answers | outputs delivered as bytes (excused) | broken promises |',
  '| --- | ---: | --- | ---: | ---: | ---: | --- | ---: | --- | ---: |',
].join('\n')

/** Returns the row of a run. */
export function formatRow(summary: SoakSummary): string {
  const { provider, network, kill, cancelled, none } = summary.unknown
  const unknown = `${provider + network + kill + cancelled + none} (${provider + network}, ${kill}, ${cancelled})`
  const delivered = `${summary.delivered} (${summary.excused})`
  const { seed, minutes, store, generations, kills, faults, ambiguous, violations } = summary
  const cells = [seed, minutes, store, generations, kills, faults, unknown, ambiguous, delivered, violations]
  return `| ${cells.join(' | ')} |`
}

/** Returns the report for people, line by line. */
export function formatReport(report: SoakReport): string[] {
  const { accepted, ended, faults, exits, purchases, calls, objects, bills, maxima, memory, violations } = report
  const { unknown } = calls
  return [
    `\n${accepted} generations promised; ${formatCounts(ended)}`,
    `${purchases.calls} calls taken by the provider for ${purchases.generations} generations of its models`,
    `${sum(Object.values(unknown))} calls with an unknown outcome (${formatCounts(unknown)}); ${calls.ambiguous} answers left it open`,
    `${calls.delivered} outputs delivered whole as bytes; ${calls.excused} of them excused by a kill or a user`,
    `${bills.equal} of ${bills.calls} calls cost what the invoice says, ${bills.unknown} are listed as unknown; ${bills.differentUnknown} of these differ, ${bills.invoiceOnly} are on the invoice alone`,
    `${toUsd(bills.ledgerMicros)} by the studio, ${toUsd(bills.invoiceMicros)} by the invoice`,
    `${objects.objects} objects; ${objects.unreferenced} that no row names`,
    `${report.probes} requests while a part was gone`,
    ...formatWaits(report.waits),
    `${report.kills} kills; lives of services ended: ${formatCounts(exits)}`,
    `at most ${maxima.attempt} attempts at one; ${maxima.staleWrites} writes refused at most in one pair of lives`,
    `\ntroubles: ${sum(Object.values(faults))}`,
    ...Object.entries(faults)
      .toSorted()
      .map(([name, count]) => `${String(count).padStart(6)}  ${name}`),
    '\n  memory, MB  lives    most   gained an hour',
    ...memory.map(formatMemory),
    `\n${violations.length} broken promises${violations.length > 0 ? `: ${formatCounts(countByInvariant(violations))}` : ''}`,
    ...[...groupByInvariant(violations).values()].flatMap(lines => lines.slice(0, MAX_LINES)).map(line => `✗ ${line}`),
  ]
}

function toUsd(micros: number): string {
  return `$${(micros / 1_000_000).toFixed(6)}`
}

/** Most violations of one invariant that are printed. */
const MAX_LINES = 25

function groupByInvariant(violations: readonly string[]): Map<string, string[]> {
  return Map.groupBy(violations, line => /\bI\d+\b/.exec(line)?.[0] ?? 'others')
}

/** Counts violations by their invariant. */
function countByInvariant(violations: readonly string[]): Record<string, number> {
  return Object.fromEntries([...groupByInvariant(violations)].map(([name, lines]) => [name, lines.length]))
}

function formatMemory({ name, samples }: SoakReport['memory'][number]): string {
  const lives = String(new Set(samples.map(({ pid }) => pid)).size)
  const peak = String(Math.round(Math.max(0, ...samples.map(({ megabytes }) => megabytes))))
  const growth = calculateHourlyGrowth(samples)
  const gained = growth === null ? 'too short' : growth.toFixed(1)
  return `${name.padStart(12)}${lives.padStart(7)}${peak.padStart(8)}${gained.padStart(17)}`
}

function formatCounts(counts: Record<string, number>): string {
  return Object.entries(counts)
    .map(([name, count]) => `${count} ${name}`)
    .join(', ')
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0)
}

/** Formats the waits of providers that work, before two others are used that do not, and beside them. */
function formatWaits(waits: SoakReport['waits']): string[] {
  if (waits === null) return []
  const ratio = computeWaitRatio(waits)?.toFixed(2) ?? '?'
  const count = waits.before.length + waits.beside.length
  return [
    `providers that work wait ${ratio} times as long beside one that hangs and one without credit (${count} waits)`,
  ]
}
