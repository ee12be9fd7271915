import { parseArgs } from 'node:util'
import { listenForStopSignals } from '../../local/launch/stop-signals.ts'
import { startTestStack } from '../../testing/studio/test-stack.ts'
import { calculateHourlyGrowth } from './soak-memory.ts'
import { type SoakReport, soak } from './soak-run.ts'

/**
 * `bun run soak`: runs clients against a studio of its own, with one fault after another, by a seed, and checks the invariants at
 * the end.
 *
 *     --minutes N   duration (5)
 *     --seed S      seed of the clients and faults (random)
 *
 * Exits with 1 if an invariant is violated.
 */

process.exitCode = await main()

async function main(): Promise<number> {
  const { values } = parseArgs({ options: { minutes: { type: 'string' }, seed: { type: 'string' } } })
  const seed = values.seed ?? crypto.randomUUID().slice(0, 8)
  const minutes = Number(values.minutes ?? 5)
  if (!(minutes > 0)) throw new Error('--minutes is a number above 0')
  const stopping = new AbortController()
  listenForStopSignals({ onStop: () => stopping.abort(), onForceStop: () => process.exit(1) })
  await using stack = await startTestStack({ isDurable: true, env: { PROVIDER_CONCURRENCY: '6' } })
  printLine(`Seed ${seed}, for ${minutes} min.`)
  const signal = AbortSignal.any([stopping.signal, AbortSignal.timeout(minutes * 60_000)])
  return printReport(await soak({ stack, seed, signal, log: printLine }))
}

function printReport(report: SoakReport): number {
  const { accepted, ended, faults, exits, purchases, maxima, memory, violations } = report
  printLine(`\n${accepted} generations promised; ${formatCounts(ended)}`)
  printLine(`${purchases.calls} calls taken by the provider for ${purchases.generations} generations of its models`)
  printLine(`lives of services ended: ${formatCounts(exits)}`)
  printLine(
    `at most ${maxima.attempt} attempts at one; ${maxima.staleWrites} writes refused at most in one pair of lives`,
  )
  printLine(`\ntroubles: ${Object.values(faults).reduce((sum, count) => sum + count, 0)}`)
  for (const [name, count] of Object.entries(faults).toSorted()) printLine(`${String(count).padStart(6)}  ${name}`)
  printLine('\n  memory, MB  lives    most   gained an hour')
  for (const { name, samples } of memory) {
    const lives = new Set(samples.map(({ pid }) => pid)).size
    const peak = Math.round(Math.max(0, ...samples.map(({ megabytes }) => megabytes)))
    const growth = calculateHourlyGrowth(samples)
    printLine(
      `${name.padStart(12)}${String(lives).padStart(7)}${String(peak).padStart(8)}${formatGrowth(growth).padStart(17)}`,
    )
  }
  printLine(`\n${violations.length} broken promises`)
  for (const line of violations.slice(0, 50)) printLine(`✗ ${line}`)
  return violations.length === 0 ? 0 : 1
}

function formatCounts(counts: Record<string, number>): string {
  return Object.entries(counts)
    .map(([name, count]) => `${count} ${name}`)
    .join(', ')
}

function formatGrowth(growth: number | null): string {
  return growth === null ? 'too short' : growth.toFixed(1)
}

function printLine(line: string): void {
  process.stdout.write(`${line}\n`)
}
