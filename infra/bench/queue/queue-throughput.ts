import { takeTurns } from '../kit/sampling.ts'
import type { QueueEnv } from './queue-env.ts'

const WORKER_COUNTS = [1, 2, 4] as const
export const SAMPLES = 10
/** The time that the provider takes for a generation, in ms: long enough that the machine's cores are not the limit. */
export const PROVIDER_DELAY_MS = 2_000
const JOBS_PER_WORKER = 8

/** Generations per second by number of workers, a number for each sample. */
export type Throughput = Map<number, number[]>

/** Measures the rate of each number of workers, in turns. Each worker has the same number of jobs to do. */
export async function measureThroughput(env: QueueEnv): Promise<Throughput> {
  const measured: Throughput = new Map(WORKER_COUNTS.map(workers => [workers, []]))
  await env.fake.setBehavior({ delayMs: PROVIDER_DELAY_MS })
  await takeTurns([...measured], SAMPLES, async ([workers, rates]) => {
    rates.push(await measureRate(env, workers))
  })
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

/** Runs generations. @returns their rate per second, from the first submission to the last end */
async function runJobs(env: QueueEnv, jobs: number): Promise<number> {
  const ids = await Promise.all(Array.from({ length: jobs }, () => env.submit('fake-bytes')))
  await env.waitUntilEnded(ids)
  const [row] = await env.sql<{ seconds: number }[]>`
    select extract(epoch from max(completed_at) - min(created_at))::float as seconds
    from generations where id = any(${ids}::uuid[])`
  return jobs / (row?.seconds ?? Number.NaN)
}
