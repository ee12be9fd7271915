import { parseArgs } from 'node:util'
import { onStopSignals } from '../../local/launch/stop-signals.ts'
import { startStage } from '../../testing/studio/test-stack.ts'
import { slopeOf } from './soak-memory.ts'
import { type SoakReport, soak } from './soak-run.ts'

/**
 * `bun run soak`: people use a studio of its own in which one thing after another goes wrong, by a seed; at the end it is held
 * to everything that it has promised.
 *
 *     --minutes N   how long (5)
 *     --seed S      which people and which troubles (another each time)
 *
 * Ends with 1 if a promise was broken.
 */

process.exitCode = await main()

async function main(): Promise<number> {
  const { values } = parseArgs({ options: { minutes: { type: 'string' }, seed: { type: 'string' } } })
  const seed = values.seed ?? crypto.randomUUID().slice(0, 8)
  const minutes = Number(values.minutes ?? 5)
  if (!(minutes > 0)) throw new Error('--minutes is a number above 0')
  const stopping = new AbortController()
  onStopSignals({ stop: () => stopping.abort(), force: () => process.exit(1) })
  await using stage = await startStage({ isDurable: true, env: { PROVIDER_CONCURRENCY: '6' } })
  say(`Seed ${seed}, for ${minutes} min.`)
  const signal = AbortSignal.any([stopping.signal, AbortSignal.timeout(minutes * 60_000)])
  return conclude(await soak({ stage, seed, signal, say }))
}

function conclude(report: SoakReport): number {
  const { promised, ended, troubles, deaths, bought, most, memory, wrong } = report
  say(`\n${promised} generations promised; ${listed(ended)}`)
  say(`${bought.calls} calls taken by the provider for ${bought.generations} generations of its models`)
  say(`lives of services ended: ${listed(deaths)}`)
  say(`at most ${most.attempt} attempts at one; ${most.staleWrites} writes refused at most in one pair of lives`)
  say(`\ntroubles: ${Object.values(troubles).reduce((sum, count) => sum + count, 0)}`)
  for (const [name, count] of Object.entries(troubles).toSorted()) say(`${String(count).padStart(6)}  ${name}`)
  say('\n  memory, MB  lives    most   gained an hour')
  for (const { name, samples } of memory) {
    const lives = new Set(samples.map(({ pid }) => pid)).size
    const peak = Math.round(Math.max(0, ...samples.map(({ megabytes }) => megabytes)))
    const slope = slopeOf(samples)
    say(`${name.padStart(12)}${String(lives).padStart(7)}${String(peak).padStart(8)}${inMegabytes(slope).padStart(17)}`)
  }
  say(`\n${wrong.length} broken promises`)
  for (const line of wrong.slice(0, 50)) say(`✗ ${line}`)
  return wrong.length === 0 ? 0 : 1
}

function listed(counts: Record<string, number>): string {
  return Object.entries(counts)
    .map(([name, count]) => `${count} ${name}`)
    .join(', ')
}

function inMegabytes(slope: number | null): string {
  return slope === null ? 'too short' : slope.toFixed(1)
}

function say(line: string): void {
  process.stdout.write(`${line}\n`)
}
