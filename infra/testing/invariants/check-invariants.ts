import { until } from '../../local/process/wait-until.ts'
import { LOCAL_OWNER } from '../../src/http/identity.ts'
import type { Stage } from '../studio/test-stack.ts'
import { checkPromises } from './check-accepted.ts'
import { checkEvents } from './check-events.ts'
import { checkHistory } from './check-history.ts'
import { checkIsolation, checkPictureless } from './check-isolation.ts'
import { checkOutputs, checkReferences } from './check-outputs.ts'
import { checkSpend } from './check-purchases.ts'
import { checkBounds } from './check-resources.ts'
import { readEvidence } from './generation-snapshots.ts'

export interface Allowance {
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
export async function violations(stage: Stage, allowance: Allowance = {}): Promise<string[]> {
  await Promise.all([stage.ingest, stage.query, ...stage.processors].map(service => service.ready()))
  const unrest = await restless(stage, allowance.settleMs ?? SETTLE_MS)
  if (unrest.length > 0) return unrest
  const { sql, client, store, view, fake } = stage
  const kept = await readEvidence(sql, LOCAL_OWNER.workspaceId)
  const each = await Promise.all(
    [...kept.values()].map(async generation =>
      [...checkHistory(generation), ...(await checkOutputs(store, generation))].map(
        wrong => `${generation.id}: ${wrong}`,
      ),
    ),
  )
  return [
    ...each.flat(),
    ...checkPromises(client.log, kept),
    ...(await checkReferences(store, client.log)),
    ...checkSpend(client.log, await fake.journal()),
    ...(allowance.busWasLost ? [] : await checkEvents(view, kept)),
    ...(await checkPictureless(stage)),
    ...(await checkIsolation(stage)),
    ...(await checkBounds(stage)),
    ...checkLastWords(stage),
  ]
}

/** What is killed says nothing: whoever says that it cannot go on has died of an error of its own. */
function checkLastWords({ lines }: Stage): string[] {
  return lines.filter(line => line.includes(FATAL)).map(line => `a service could not go on: ${line.slice(0, 2_000)}`)
}

/** I2: what is still under way after all that time; nothing if it has come to rest. */
async function restless(stage: Stage, milliseconds: number): Promise<string[]> {
  let busy: string[] = []
  const atRest = async () => {
    busy = await stillBusy(stage).catch(error => [`I2 it cannot be asked: ${error}`])
    return busy.length === 0 ? true : undefined
  }
  const wait = { what: 'Rest', milliseconds, every: 100, signal: new AbortController().signal }
  return await until(atRest, wait).then(
    () => [],
    () => busy,
  )
}

async function stillBusy({ sql, view }: Stage): Promise<string[]> {
  const [left] = await sql<{ open: string[]; held: number; unsent: number }[]>`
    select
      coalesce((select array_agg(g.id || ' ' || g.status || ' ' || j::text) from generations g
        join generation_jobs j on j.generation_id = g.id where g.status in ('queued', 'processing', 'uploading')),
        '{}') as open,
      (select count(*)::int from generation_jobs where lease_until is not null) as held,
      (select count(*)::int from outbox where published_at is null) as unsent`
  const waiting = await view.waiting()
  const { open = [], held = 0, unsent = 0 } = left ?? {}
  return [
    ...open.slice(0, 10).map(row => `I2 not over: ${row}`),
    ...(held > 0 ? [`I2 ${held} leases are held`] : []),
    ...(unsent > 0 ? [`I2 ${unsent} messages are not sent`] : []),
    ...(waiting > 0 ? [`I2 ${waiting} messages of the lanes wait`] : []),
  ]
}
