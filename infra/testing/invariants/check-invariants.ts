import pLimit from 'p-limit'
import { LOCAL_OWNER } from '../../src/http/identity.ts'
import { waitFor } from '../wait-for.ts'
import { checkAcceptedSubmissions } from './check-accepted.ts'
import { checkCalls } from './check-calls.ts'
import { checkEvents } from './check-events.ts'
import { checkHistory } from './check-history.ts'
import { checkIsolation, checkNoImageData } from './check-isolation.ts'
import { checkOutputs, checkReferences } from './check-outputs.ts'
import { checkSpend } from './check-purchases.ts'
import { checkResourceLimits } from './check-resources.ts'
import type { CheckedStudio } from './checked-studio.ts'
import { readGenerationSnapshots } from './generation-snapshots.ts'

export interface CheckOptions {
  /** The bus has lost its data, so past events are not checked. */
  busWasLost?: boolean
  /** Time limit for all generations to end once there are no more faults, in ms; 120,000 unless given. */
  settleMs?: number
}

const SETTLE_MS = 120_000
const GENERATIONS_AT_ONCE = 16
const FATAL = '"level":"fatal"'

/**
 * Waits until a studio without faults is idle, and checks the invariants that hold under every fault:
 *
 *   I1  every accepted submission and reference exists           I7  an event is published for every end
 *   I2  every generation ends, and every message is published    I8  no row contains image data
 *   I3  a generation ends once per request                       I9  other workspaces are neither shown nor changed
 *   I4  transitions are legal, each claim a higher attempt       I10 memory, files and connections are bounded
 *   I5  an output is bought at most once per request             I11 a deletion removes only its own objects
 *   I6  a generation has each output once, as its rows say       I12 a response is true, and a repeat finds the same
 *   I13 an answer in hand is never dropped: `checkCalls` counts what was answered, and what is unknown
 *
 * @returns the violations, each with its invariant
 */
export async function checkInvariants(stack: CheckedStudio, options: CheckOptions = {}): Promise<string[]> {
  await Promise.all(stack.running.map(service => service.waitUntilReady()))
  const unfinished = await waitUntilIdle(stack, options.settleMs ?? SETTLE_MS)
  if (unfinished.length > 0) return unfinished
  const { sql, client, store, busAdmin, fake } = stack
  const generations = await readGenerationSnapshots(sql, LOCAL_OWNER.workspaceId)
  // Bounded, or the store would have the requests of thousands of generations at once.
  const limit = pLimit(GENERATIONS_AT_ONCE)
  const perGeneration = await limit.map([...generations.values()], async generation =>
    [...checkHistory(generation), ...(await checkOutputs(store, generation))].map(
      violation => `${generation.id}: ${violation}`,
    ),
  )
  return [
    ...perGeneration.flat(),
    ...checkAcceptedSubmissions(client.log, generations),
    ...(await checkReferences(store, client.log)),
    ...checkSpend(client.log, await fake.readRequestLog(), generations),
    ...(await checkCalls(stack, generations)).violations,
    ...(options.busWasLost ? [] : await checkEvents(busAdmin, generations)),
    ...(await checkNoImageData(stack)),
    ...(await checkIsolation(stack)),
    ...(await checkResourceLimits(stack)),
    ...checkFatalLogs(stack),
  ]
}

/** Checks that no service logged a fatal error. A killed process logs nothing, so a fatal error is never a fault's. */
function checkFatalLogs({ logLines }: CheckedStudio): string[] {
  return logLines.filter(line => line.includes(FATAL)).map(line => `a service could not go on: ${line.slice(0, 2_000)}`)
}

/** Checks I2. @returns the work that is unfinished after the time limit */
async function waitUntilIdle(stack: CheckedStudio, milliseconds: number): Promise<string[]> {
  let busy: string[] = []
  const isIdle = async () => {
    busy = await listUnfinished(stack).catch(error => [`I2 the studio cannot be queried: ${error}`])
    return busy.length === 0
  }
  return await waitFor('An idle studio', milliseconds, isIdle, 100).then(
    () => [],
    () => busy,
  )
}

async function listUnfinished({ sql, busAdmin }: CheckedStudio): Promise<string[]> {
  const [left] = await sql<{ open: string[]; leases: number; unsent: number }[]>`
    select
      coalesce((select array_agg(g.id || ' ' || g.status || ' ' || j::text) from generations g
        join generation_jobs j on j.generation_id = g.id where g.status in ('queued', 'processing', 'uploading')),
        '{}') as open,
      (select count(*)::int from generation_jobs where lease_until is not null) as leases,
      (select count(*)::int from outbox where published_at is null) as unsent`
  const pending = await busAdmin.countPending()
  const { open = [], leases = 0, unsent = 0 } = left ?? {}
  return [
    ...open.slice(0, 10).map(row => `I2 not finished: ${row}`),
    ...(leases > 0 ? [`I2 ${leases} leases are active`] : []),
    ...(unsent > 0 ? [`I2 ${unsent} messages are not published`] : []),
    ...(pending > 0 ? [`I2 ${pending} messages of the consumers are pending`] : []),
  ]
}
