import type { QueueGround } from './queue-env.ts'

export const WORKERS = [1, 2, 4] as const
export const ROUNDS = 10
/** What the provider takes for one, in milliseconds: so long that it is not the machine's cores that are the limit. */
export const PROVIDER_MS = 2_000
const JOBS_EACH = 8

/** Generations a second, by how many workers there were, a number a round. */
export type Throughput = Map<number, number[]>

/** Has as many generations made as keep so many workers equally long at it, the numbers of workers in turns. */
export async function measureThroughput(ground: QueueGround): Promise<Throughput> {
  const measured: Throughput = new Map(WORKERS.map(workers => [workers, []]))
  await ground.fake.set({ delayMs: PROVIDER_MS })
  for (let round = 0; round < ROUNDS; round++) {
    for (let turn = 0; turn < WORKERS.length; turn++) {
      const workers = WORKERS[(round + turn) % WORKERS.length] ?? 1
      measured.get(workers)?.push(await rateWith(ground, workers))
    }
  }
  await ground.fake.set({ delayMs: 0 })
  return measured
}

async function rateWith(ground: QueueGround, workers: number): Promise<number> {
  await using processors = new AsyncDisposableStack()
  const started = await Promise.all(Array.from({ length: workers }, () => ground.startProcessor()))
  for (const processor of started) processors.use(processor)
  await ended(ground, workers * 2)
  return await ended(ground, workers * JOBS_EACH)
}

/** @returns how many a second, from the first submission to the last end */
async function ended(ground: QueueGround, jobs: number): Promise<number> {
  const ids = await Promise.all(Array.from({ length: jobs }, () => ground.submit('fake-bytes')))
  await ground.ended(ids)
  const [row] = await ground.sql<{ seconds: number }[]>`
    select extract(epoch from max(completed_at) - min(created_at))::float as seconds
    from generations where id = any(${ids}::uuid[])`
  return jobs / (row?.seconds ?? Number.NaN)
}
