import type { QueueEnv } from './queue-env.ts'

export const WORKER_COUNTS = [1, 2, 4] as const
export const SAMPLES = 10
/** What the provider takes for one, in milliseconds: so long that it is not the machine's cores that are the limit. */
export const PROVIDER_DELAY_MS = 2_000
const JOBS_PER_WORKER = 8

/** Generations a second, by how many workers there were, a number a round. */
export type Throughput = Map<number, number[]>

/** Has as many generations made as keep so many workers equally long at it, the numbers of workers in turns. */
export async function measureThroughput(env: QueueEnv): Promise<Throughput> {
  const measured: Throughput = new Map(WORKER_COUNTS.map(workers => [workers, []]))
  await env.fake.setBehavior({ delayMs: PROVIDER_DELAY_MS })
  for (let sample = 0; sample < SAMPLES; sample++) {
    for (let turn = 0; turn < WORKER_COUNTS.length; turn++) {
      const workers = WORKER_COUNTS[(sample + turn) % WORKER_COUNTS.length] ?? 1
      measured.get(workers)?.push(await measureRate(env, workers))
    }
  }
  await env.fake.setBehavior({ delayMs: 0 })
  return measured
}

async function measureRate(env: QueueEnv, workers: number): Promise<number> {
  await using processors = new AsyncDisposableStack()
  const started = await Promise.all(Array.from({ length: workers }, () => env.startProcessor()))
  for (const processor of started) processors.use(processor)
  await runJobs(env, workers * 2)
  return await runJobs(env, workers * JOBS_PER_WORKER)
}

/** @returns how many a second, from the first submission to the last end */
async function runJobs(env: QueueEnv, jobs: number): Promise<number> {
  const ids = await Promise.all(Array.from({ length: jobs }, () => env.submit('fake-bytes')))
  await env.waitUntilEnded(ids)
  const [row] = await env.sql<{ seconds: number }[]>`
    select extract(epoch from max(completed_at) - min(created_at))::float as seconds
    from generations where id = any(${ids}::uuid[])`
  return jobs / (row?.seconds ?? Number.NaN)
}
