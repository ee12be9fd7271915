import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { listenForStopSignals } from '../../local/launch/stop-signals.ts'
import { startTestStudio } from '../../testing/studio/test-studio.ts'
import { serializeRequest } from './http.ts'
import type { MemoryUsage } from './memory.ts'
import type { RequestUse } from './request-budget.ts'
import { type FuzzFailure, type FuzzReport, fuzz } from './run.ts'
import { type FuzzTarget, prepareTarget, sendFuzzRequest } from './target.ts'

/**
 * `bun run fuzz`: sends mutated requests, made from a seed, to a studio of its own, and checks every response.
 *
 *     --minutes N   duration (1)
 *     --seed S      seed of the requests (random)
 *     --only N      request N of the seed alone, with its response in full
 *
 * Exits with 1 if a response was wrong, or a process exceeded its memory limit.
 */

/** Peak memory that a service and its decoders may have, in MiB: several times that of an idle one. */
const MAX_MIB: Record<string, number> = { gateway: 400, ingest: 800, processor: 1_500, query: 400 }

/** Accepted growth of the memory from the second quarter of a run to the last, in MiB. */
const MAX_GROWTH_MIB = 100

process.exitCode = await main()

async function main(): Promise<number> {
  const { values } = parseArgs({
    options: { minutes: { type: 'string' }, seed: { type: 'string' }, only: { type: 'string' } },
  })
  const seed = values.seed ?? crypto.randomUUID().slice(0, 8)
  const minutes = Number(values.minutes ?? 1)
  if (!(minutes > 0)) throw new Error('--minutes is a number above 0')
  const stopping = new AbortController()
  listenForStopSignals({ onStop: () => stopping.abort(), onForceStop: () => process.exit(1) })
  // One at a time: generating what is accepted would take the CPU from the services under test. Their queue has no end.
  await using studio = await startTestStudio({
    PROVIDER_CONCURRENCY: '1',
    BODY_MEMORY_MB: '64',
    QUEUE_DEPTH: '100000',
  })
  const target = await prepareTarget(studio)
  if (values.only !== undefined) return await sendSingle(target, seed, Number(values.only))
  printLine(`Seed ${seed}, for ${minutes} min, at ${studio.url}.`)
  const signal = AbortSignal.any([stopping.signal, AbortSignal.timeout(minutes * 60_000)])
  const report = await fuzz({
    target,
    seed,
    signal,
    onFailure: failure => void reportFailure(failure, seed, target.port),
  })
  return printReport(report)
}

async function sendSingle(target: FuzzTarget, seed: string, number: number): Promise<number> {
  const { fuzzed, outcome, use, faults } = await sendFuzzRequest(target, seed, number)
  printLine(`Request ${number} of seed ${seed} (${fuzzed.mutations.join(', ') || 'nothing was damaged'}):`)
  printLine(serializeRequest(fuzzed.request, target.port).toString('latin1').slice(0, 4_000))
  printLine(`\n→ ${outcome.status}`)
  if ('body' in outcome) printLine(outcome.body.toString().slice(0, 4_000))
  if (use) printLine(formatUse(use))
  printLine(faults.length === 0 ? 'As it has to be.' : faults.join('\n'))
  return faults.length === 0 ? 0 : 1
}

async function reportFailure({ number, fuzzed, faults }: FuzzFailure, seed: string, port: number): Promise<void> {
  const file = join(tmpdir(), `darkroom-fuzz-${seed}-${number}.http`)
  printLine(`✗ request ${number} of seed ${seed} (${fuzzed.mutations.join(', ') || 'nothing was damaged'})`)
  for (const fault of faults) printLine(`    ${fault}`)
  printLine(`    again: bun run fuzz --seed ${seed} --only ${number}   as it was sent: ${file}`)
  await Bun.write(file, serializeRequest(fuzzed.request, port))
}

function printReport({ requests, statuses, failures, memory }: FuzzReport): number {
  printLine(`\n${requests} requests, ${failures} unexpected answers`)
  for (const [status, count] of Object.entries(statuses))
    printLine(`${status.padStart(10)} ${String(count).padStart(8)}`)
  printLine('\n  memory, MiB   start    peak     end  growth    most')
  for (const row of memory) printLine(formatMemory(row))
  const greedy = memory.filter(({ name, peak }) => peak > (MAX_MIB[name] ?? 0))
  for (const { name } of greedy) printLine(`✗ ${name} took more memory than it may`)
  const growing = memory.filter(({ growth }) => growth > MAX_GROWTH_MIB)
  for (const { name } of growing) printLine(`✗ the memory of ${name} grows`)
  return failures === 0 && greedy.length === 0 && growing.length === 0 ? 0 : 1
}

function formatMemory({ name, start, peak, end, growth }: MemoryUsage): string {
  return `${name.padStart(13)}${[start, peak, end, growth, MAX_MIB[name] ?? 0].map(number => String(number).padStart(8)).join('')}`
}

function formatUse({ seconds, cpuSeconds, memoryMib }: RequestUse): string {
  return `${seconds.toFixed(2)} s, ${cpuSeconds.toFixed(2)} s of CPU, ${memoryMib.toFixed(0)} MiB of memory`
}

function printLine(line: string): void {
  process.stdout.write(`${line}\n`)
}
