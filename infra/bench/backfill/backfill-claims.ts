import { restoreRows } from './backfill-rows.ts'
import { type BackfillStudio, runBackfill } from './backfill-studio.ts'

const [BLOCKS, SUBMISSIONS, PAUSE_MS] = [4, 20, 200]

/** The time from each submission's row to its claim by a processor, in ms. */
export interface ClaimLatencies {
  idle: number[]
  busy: number[]
}

/** Measures claims while the studio is idle and during a backfill at full speed, in turns. */
export async function measureClaims(backfill: BackfillStudio): Promise<ClaimLatencies> {
  const claims: ClaimLatencies = { idle: [], busy: [] }
  for (let block = 0; block <= BLOCKS; block++) {
    const idle = await submitAll(backfill)
    const running = runBackfill(backfill, { batch: 100, concurrency: 16 })
    const busy = await submitAll(backfill)
    await running
    await restoreRows(backfill.sql)
    await fetch(`${backfill.storeUrl}/forget`, { method: 'POST' })
    // The first block is a warm-up.
    if (block === 0) continue
    claims.idle.push(...idle)
    claims.busy.push(...busy)
  }
  return claims
}

async function submitAll({ studio, sql }: BackfillStudio): Promise<number[]> {
  const ids: string[] = []
  for (let at = 0; at < SUBMISSIONS; at++) {
    const { id } = await studio.submit({ prompt: `claim ${at}`, model: 'fake-image', parameters: { resolution: 512 } })
    ids.push(id)
    await Bun.sleep(PAUSE_MS)
  }
  for (const id of ids) await studio.waitForGeneration(id, ({ startedAt }) => startedAt !== null)
  const rows = await sql<{ milliseconds: number }[]>`
    select extract(epoch from min(e.at) filter (where e.to_status = 'processing') - min(e.at)) * 1000 as milliseconds
    from generation_events e where e.generation_id = any(${ids}) group by e.generation_id`
  return rows.map(({ milliseconds }) => Number(milliseconds))
}
