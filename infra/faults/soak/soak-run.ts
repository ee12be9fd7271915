import { sleep } from '../../src/runtime/timers.ts'
import { FOREIGN_IDS } from '../../testing/data/foreign-generation.ts'
import { checkInvariants } from '../../testing/invariants/check-invariants.ts'
import { createRandom, type Random } from '../../testing/random.ts'
import type { TestStack } from '../../testing/studio/test-stack.ts'
import { runClients } from './soak-clients.ts'
import { SOAK_FAULTS, type SoakFault } from './soak-faults.ts'
import { createMemorySampler, type MemorySeries } from './soak-memory.ts'

export interface SoakOptions {
  stack: TestStack
  seed: string
  /** Aborted to stop the faults. */
  signal: AbortSignal
  log: (line: string) => void
}

export interface SoakReport {
  accepted: number
  /** Number of generations by final status. */
  ended: Record<string, number>
  /** Number of faults by name. */
  faults: Record<string, number>
  /** Number of ended service processes by reason. */
  exits: Record<string, number>
  /** Calls that the provider accepted, and generations of its models. */
  purchases: { calls: number; generations: number }
  maxima: { attempt: number; staleWrites: number }
  memory: MemorySeries[]
  violations: string[]
}

const CLIENTS = 8
const CLIENT_PAUSE_MS = 2_500
const FAULT_PAUSE_MS = 1_200
const SAMPLE_INTERVAL_MS = 5_000
const SETTLE_MS = 240_000

/** Runs clients against a studio with one fault after another, and checks the invariants at the end. */
export async function soak({ stack, seed, signal, log }: SoakOptions): Promise<SoakReport> {
  const secondProcessor = await stack.addProcessor()
  const sampler = createMemorySampler({
    ingest: stack.ingest,
    query: stack.query,
    processor: stack.processor,
    other: secondProcessor,
  })
  const counts = { faults: {} as Record<string, number>, staleWrites: 0 }
  const sampling = repeatEvery(SAMPLE_INTERVAL_MS, signal, async () => {
    await sampler.sample()
    counts.staleWrites = Math.max(counts.staleWrites, await countStaleWrites(stack))
  })
  const clients = runClients({ client: stack.client, seed, count: CLIENTS, pauseMs: CLIENT_PAUSE_MS, signal })
  clients.catch(error => log(`client failed: ${error}`))
  await injectFaults({ stack, signal, random: createRandom(`${seed}/faults`), counts: counts.faults, log })
  await sampling
  await stack.clearFaults()
  const clientErrors = await clients.then(
    () => [],
    error => [`I2 ${error}`],
  )
  const violations = [...clientErrors, ...(await checkInvariants(stack, { settleMs: SETTLE_MS }))]
  return {
    ...(await readOutcome(stack)),
    ...counts,
    maxima: await readMaxima(stack, counts.staleWrites),
    memory: sampler.series,
    violations,
  }
}

async function injectFaults(options: {
  stack: TestStack
  signal: AbortSignal
  random: Random
  counts: Record<string, number>
  log: (line: string) => void
}): Promise<void> {
  const { stack, signal, random, counts, log } = options
  const weighted = SOAK_FAULTS.flatMap(fault => Array<SoakFault>(fault.weight).fill(fault))
  while (!signal.aborted) {
    const { name, inject } = random.pick(weighted)
    counts[name] = (counts[name] ?? 0) + 1
    await inject(stack, random).catch(error => log(`${name}: ${error}`))
    await sleep(random.nextInt(2 * FAULT_PAUSE_MS), signal)
  }
}

async function repeatEvery(milliseconds: number, signal: AbortSignal, sample: () => Promise<void>): Promise<void> {
  while (!signal.aborted) {
    await sample()
    await sleep(milliseconds, signal)
  }
}

async function countStaleWrites({ processors }: TestStack): Promise<number> {
  const counted = await Promise.all(
    processors.map(processor => processor.readMetric('stale_writes_total').catch(() => 0)),
  )
  return counted.reduce((sum, count) => sum + count, 0)
}

async function readOutcome({ client, sql, fake, ingest, query, processors }: TestStack) {
  const ended = await sql<{ status: string; count: number }[]>`
    select status, count(*)::int as count from generations where workspace_id <> ${FOREIGN_IDS.workspace} group by 1 order by 1`
  const [made] = await sql<{ count: number }[]>`select count(*)::int as count from generations where provider = 'fake'`
  const { submits } = await fake.readRequestLog()
  const exits = [ingest, query, ...processors].flatMap(service => service.exits)
  return {
    accepted: client.log.listAccepted().length,
    ended: Object.fromEntries(ended.map(({ status, count }) => [status, count])),
    exits: Object.fromEntries(
      [...Map.groupBy(exits, reason => reason)].map(([reason, ended]) => [reason, ended.length]),
    ),
    purchases: { calls: submits.filter(({ id }) => id !== null).length, generations: made?.count ?? 0 },
  }
}

async function readMaxima({ sql }: TestStack, staleWrites: number): Promise<SoakReport['maxima']> {
  const [row] = await sql<{ attempt: number }[]>`select max(attempt)::int as attempt from generation_jobs`
  return { attempt: row?.attempt ?? 0, staleWrites }
}
