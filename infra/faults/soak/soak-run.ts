import { LOCAL_OWNER } from '../../src/http/identity.ts'
import { sleep } from '../../src/runtime/timers.ts'
import { FOREIGN_IDS } from '../../testing/data/foreign-generation.ts'
import { killTime } from '../../testing/invariants/call-context.ts'
import { type CallReport, checkCalls } from '../../testing/invariants/check-calls.ts'
import { checkInvariants } from '../../testing/invariants/check-invariants.ts'
import { checkObjects, type ObjectReport } from '../../testing/invariants/check-objects.ts'
import { checkQuiet } from '../../testing/invariants/check-quiet.ts'
import { readGenerationSnapshots } from '../../testing/invariants/generation-snapshots.ts'
import { type BilledCall, compareInvoice } from '../../testing/invoice/compare-invoice.ts'
import { compareUsage } from '../../testing/invoice/compare-usage.ts'
import { waitUntilSettled } from '../../testing/invoice/settle-bills.ts'
import { breakTwoKinds } from '../../testing/provider-kinds/four-kinds.ts'
import { createRandom } from '../../testing/random.ts'
import type { TestStack } from '../../testing/studio/test-stack.ts'
import { SOAK_BEHAVIOR } from './soak-behavior.ts'
import { runClients } from './soak-clients.ts'
import type { FaultContext } from './soak-fault.ts'
import { type FaultSeries, listFaultSeries } from './soak-faults.ts'
import {
  checkKindBills,
  checkWaits,
  type KindWaits,
  repairKinds,
  runKinds,
  type SoakKindsOptions,
} from './soak-kinds.ts'
import { createMemorySampler, type MemorySeries } from './soak-memory.ts'
import { createProbe } from './soak-probe.ts'

export interface SoakOptions extends Pick<FaultContext, 'stack' | 'store' | 'smallDisk' | 'clockShiftMs'> {
  seed: string
  /** Submissions a minute that the clients aim at. */
  rate: number
  hasFaults: boolean
  /** Four kinds of provider beside that of the tests, and the length of the soak in ms; null if there are none. */
  kinds: Pick<SoakKindsOptions, 'kinds' | 'milliseconds'> | null
  /** Aborted to stop the clients and the faults. */
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
  /** Number of kills of services, the bus and the database. */
  kills: number
  /** Calls that the provider accepted, and generations of its models. */
  purchases: { calls: number; generations: number }
  calls: Omit<CallReport, 'violations'>
  objects: Omit<ObjectReport, 'violations'>
  bills: BillReport
  /** Requests while a part was gone. */
  probes: number
  /** Waits of the kinds of provider that work; null without them. */
  waits: KindWaits | null
  maxima: { attempt: number; staleWrites: number }
  memory: MemorySeries[]
  violations: string[]
}

/** Calls by how their costs in the studio compare with the provider's invoice, and both sums in micro-units of USD. */
interface BillReport {
  calls: number
  equal: number
  unknown: number
  /** Calls that are not equal; all are listed as unknown. */
  differentUnknown: number
  /** Calls that cost nothing by the studio, and are on the invoice. */
  invoiceOnly: number
  ledgerMicros: number
  invoiceMicros: number
}

const CLIENTS = 16
const SAMPLE_INTERVAL_MS = 5_000
const SETTLE_MS = 240_000

/** Runs clients against a studio with faults of all kinds, and checks the invariants at the end. */
export async function soak(options: SoakOptions): Promise<SoakReport> {
  const { stack, seed, rate, signal, log } = options
  const startedAt = performance.now()
  const elapsed = () => Math.round((performance.now() - startedAt) / 1_000)
  const secondProcessor = await stack.addProcessor()
  const sampler = createMemorySampler({
    ingest: () => stack.ingest,
    query: () => stack.query,
    processor: () => stack.processor,
    other: () => secondProcessor,
  })
  const faults: Record<string, number> = {}
  const probe = createProbe(stack)
  let staleWrites = 0
  await stack.fake.setBehavior(SOAK_BEHAVIOR)
  const sampling = repeatEvery(SAMPLE_INTERVAL_MS, signal, async () => {
    await sampler.sample()
    staleWrites = Math.max(staleWrites, await countStaleWrites(stack))
  })
  const pauseMs = (CLIENTS * 60_000) / rate
  if (options.kinds) await breakTwoKinds(stack.client, options.kinds.kinds)
  const waiting = options.kinds && runKinds({ client: stack.client, ...options.kinds, signal })
  waiting?.catch(error => log(`the client of four kinds failed: ${error}`))
  const clients = runClients({ client: stack.client, seed, count: CLIENTS, pauseMs, signal })
  clients.catch(error => log(`client failed: ${error}`))
  const series = options.hasFaults ? listFaultSeries(options) : []
  await Promise.all(
    series.map(each =>
      injectFaults(each, options, { ...options, probe, random: createRandom(`${seed}/${each.name}`) }, faults),
    ),
  )
  await sampling
  await stack.clearFaults()
  log(`Load and faults are over after ${elapsed()} s.`)
  const clientErrors = await clients.then(
    () => [],
    error => [`I2 ${error}`],
  )
  const waits = (await waiting?.catch(() => null)) ?? null
  if (options.kinds) await repairKinds(stack.client, options.kinds.kinds)
  log(`The clients have stopped after ${elapsed()} s.`)
  const outcome = await checkOutcome(stack)
  log(`Everything is checked after ${elapsed()} s.`)
  return {
    ...(await readOutcome(stack, faults)),
    ...outcome,
    faults,
    probes: probe.counts.requests,
    waits,
    maxima: await readMaxima(stack, staleWrites),
    memory: sampler.series,
    violations: [
      ...clientErrors,
      ...new Set(probe.counts.refusals.map(refusal => `I14 ${refusal} while a part was gone`)),
      ...outcome.violations,
      ...(options.kinds ? await checkKindBills(stack.sql, options.kinds.kinds) : []),
      ...(waits && !options.hasFaults ? checkWaits(waits) : []),
    ],
  }
}

async function checkOutcome(stack: TestStack): Promise<Pick<SoakReport, 'calls' | 'objects' | 'bills' | 'violations'>> {
  const invariants = await checkInvariants(stack, { settleMs: SETTLE_MS })
  const generations = await readGenerationSnapshots(stack.sql, LOCAL_OWNER.workspaceId)
  const { violations: _, ...calls } = await checkCalls(stack, generations)
  const { violations: missing, ...objects } = await checkObjects(stack)
  const { violations: wrong, ...bills } = await checkBills(stack)
  return { calls, objects, bills, violations: [...invariants, ...missing, ...wrong, ...(await checkQuiet(stack))] }
}

/** Checks I17: what calls cost, call by call and in usage, is what the provider's invoice says, or is listed as unknown. */
async function checkBills(stack: TestStack): Promise<BillReport & { violations: string[] }> {
  await waitUntilSettled(stack)
  const { calls, violations } = await compareInvoice(stack.sql, await stack.fake.readInvoice())
  const wrong = [...violations, ...(await compareUsage(stack, calls))].map(violation => `I17 ${violation}`)
  return { ...countBills(calls), violations: wrong }
}

function countBills(calls: readonly BilledCall[]): BillReport {
  const differ = calls.filter(({ ledger, invoice }) => ledger !== invoice)
  return {
    calls: calls.length,
    equal: calls.length - differ.length,
    unknown: calls.filter(({ isUnknown }) => isUnknown).length,
    differentUnknown: differ.filter(({ isUnknown }) => isUnknown).length,
    invoiceOnly: differ.filter(({ ledger, invoice }) => ledger === 0 && invoice > 0).length,
    ledgerMicros: calls.reduce((sum, { ledger }) => sum + ledger, 0),
    invoiceMicros: calls.reduce((sum, { invoice }) => sum + invoice, 0),
  }
}

async function injectFaults(
  { faults, pauseMs }: FaultSeries,
  { signal, log }: SoakOptions,
  context: FaultContext,
  counts: Record<string, number>,
): Promise<void> {
  while (!signal.aborted) {
    const { name, inject } = context.random.pick(faults)
    counts[name] = (counts[name] ?? 0) + 1
    await inject(context).catch(error => log(`${name}: ${error}`))
    await sleep(context.random.nextInt(2 * pauseMs), signal)
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

async function readOutcome({ client, sql, fake, services }: TestStack, faults: Record<string, number>) {
  const ended = await sql<{ status: string; count: number }[]>`
    select status, count(*)::int as count from generations where workspace_id <> ${FOREIGN_IDS.workspace} group by 1 order by 1`
  const [made] = await sql<{ count: number }[]>`select count(*)::int as count from generations where provider = 'fake'`
  const { submits } = await fake.readRequestLog()
  const exits = services.flatMap(service => service.exits)
  const killed = services.flatMap(({ lives }) => lives).filter(life => killTime(life) !== undefined)
  const otherKills = Object.entries(faults).filter(([name]) => /^the (bus|database) is killed/.test(name))
  return {
    accepted: client.log.listAccepted().length,
    ended: Object.fromEntries(ended.map(({ status, count }) => [status, count])),
    exits: Object.fromEntries(
      [...Map.groupBy(exits, reason => reason)].map(([reason, ended]) => [reason, ended.length]),
    ),
    kills: otherKills.reduce((sum, [, count]) => sum + count, killed.length),
    purchases: { calls: submits.filter(({ id }) => id !== null).length, generations: made?.count ?? 0 },
  }
}

async function readMaxima({ sql }: TestStack, staleWrites: number): Promise<SoakReport['maxima']> {
  const [row] = await sql<{ attempt: number }[]>`select max(attempt)::int as attempt from generation_jobs`
  return { attempt: row?.attempt ?? 0, staleWrites }
}
