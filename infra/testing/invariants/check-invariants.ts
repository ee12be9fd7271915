import { waitUntil } from '../../local/process/wait-until.ts'
import { LOCAL_OWNER } from '../../src/http/identity.ts'
import type { TestStack } from '../studio/test-stack.ts'
import { checkAcceptedSubmissions } from './check-accepted.ts'
import { checkEvents } from './check-events.ts'
import { checkHistory } from './check-history.ts'
import { checkIsolation, checkNoImageData } from './check-isolation.ts'
import { checkOutputs, checkReferences } from './check-outputs.ts'
import { checkSpend } from './check-purchases.ts'
import { checkResourceLimits } from './check-resources.ts'
import { readGenerationSnapshots } from './generation-snapshots.ts'

export interface CheckOptions {
  /** The bus lost what it had: its past events cannot be there. */
  busWasLost?: boolean
  /** How long everything may take to come to its end once there is no more trouble; 120 s unless said. */
  settleMs?: number
}

const SETTLE_MS = 120_000
const FATAL = '"level":"fatal"'

/**
 * What holds whatever goes wrong, by the names that broken promises are told by:
 *
 *   I1  what was promised is there, and so is every reference      I7  whoever follows the bus is told of every end
 *   I2  everything comes to its end, and every message goes out    I8  no row carries a picture
 *   I3  an end comes once each time it was asked for               I9  nobody sees or changes another workspace's
 *   I4  by moves that are allowed, each claim a higher attempt     I10 memory, files and connections are bounded
 *   I5  nothing is bought twice that was asked for once            I11 what is thrown away takes only its own along
 *   I6  a generation has its outputs once, as its rows say         I12 an answer is true, and asking again finds it
 *
 * Waits until a studio that is left in peace has come to rest, and holds it to what its client was promised.
 *
 * @returns what is wrong, each with the invariant that it breaks
 */
export async function checkInvariants(stack: TestStack, options: CheckOptions = {}): Promise<string[]> {
  await Promise.all([stack.ingest, stack.query, ...stack.processors].map(service => service.waitUntilReady()))
  const unfinished = await waitUntilIdle(stack, options.settleMs ?? SETTLE_MS)
  if (unfinished.length > 0) return unfinished
  const { sql, client, store, busAdmin, fake } = stack
  const generations = await readGenerationSnapshots(sql, LOCAL_OWNER.workspaceId)
  const perGeneration = await Promise.all(
    [...generations.values()].map(async generation =>
      [...checkHistory(generation), ...(await checkOutputs(store, generation))].map(
        violation => `${generation.id}: ${violation}`,
      ),
    ),
  )
  return [
    ...perGeneration.flat(),
    ...checkAcceptedSubmissions(client.log, generations),
    ...(await checkReferences(store, client.log)),
    ...checkSpend(client.log, await fake.readRequestLog()),
    ...(options.busWasLost ? [] : await checkEvents(busAdmin, generations)),
    ...(await checkNoImageData(stack)),
    ...(await checkIsolation(stack)),
    ...(await checkResourceLimits(stack)),
    ...checkFatalLogs(stack),
  ]
}

/** What is killed says nothing: whoever says that it cannot go on has died of an error of its own. */
function checkFatalLogs({ logLines }: TestStack): string[] {
  return logLines.filter(line => line.includes(FATAL)).map(line => `a service could not go on: ${line.slice(0, 2_000)}`)
}

/** I2: what is still under way after all that time; nothing if it has come to rest. */
async function waitUntilIdle(stack: TestStack, milliseconds: number): Promise<string[]> {
  let busy: string[] = []
  const isIdle = async () => {
    busy = await listUnfinished(stack).catch(error => [`I2 it cannot be asked: ${error}`])
    return busy.length === 0 ? true : undefined
  }
  const wait = { what: 'Rest', milliseconds, intervalMs: 100, signal: new AbortController().signal }
  return await waitUntil(isIdle, wait).then(
    () => [],
    () => busy,
  )
}

async function listUnfinished({ sql, busAdmin }: TestStack): Promise<string[]> {
  const [left] = await sql<{ open: string[]; held: number; unsent: number }[]>`
    select
      coalesce((select array_agg(g.id || ' ' || g.status || ' ' || j::text) from generations g
        join generation_jobs j on j.generation_id = g.id where g.status in ('queued', 'processing', 'uploading')),
        '{}') as open,
      (select count(*)::int from generation_jobs where lease_until is not null) as held,
      (select count(*)::int from outbox where published_at is null) as unsent`
  const pending = await busAdmin.countPending()
  const { open = [], held = 0, unsent = 0 } = left ?? {}
  return [
    ...open.slice(0, 10).map(row => `I2 not over: ${row}`),
    ...(held > 0 ? [`I2 ${held} leases are held`] : []),
    ...(unsent > 0 ? [`I2 ${unsent} messages are not sent`] : []),
    ...(pending > 0 ? [`I2 ${pending} messages of the lanes wait`] : []),
  ]
}
