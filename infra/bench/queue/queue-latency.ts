import { jobConsumerName, jobSubject } from '@darkroom/contracts/subjects'
import { openBus } from '../../src/bus/bus.ts'
import { transaction } from '../../src/database/transaction.ts'
import { createLog } from '../../src/log.ts'
import { sleep } from '../../src/runtime/timers.ts'
import type { QueueEnv } from './queue-env.ts'

const SAMPLES = 20
const BLOCKS = 10
const HUNG_JOBS = 50
/** Mean of the random pause between two submissions: each finds everything idle. */
const PAUSE_MS = 60
const PROVIDER = 'bench'
const log = createLog({ service: 'bench', level: 'silent' })
const neverAborted = new AbortController().signal

/** Time from each submission to its claim, in ms, by variant. */
export interface Latencies {
  floor: number[]
  idle: number[]
  /** The provider of `hung`, with no other work in the queue. */
  alone: number[]
  /** While another provider does not respond and has `HUNG_JOBS` jobs. */
  hung: number[]
}

/** Measures the time from a submission to its claim, the variants in turns. */
export async function measureLatencies(env: QueueEnv): Promise<Latencies> {
  await using _processor = await env.startProcessor()
  await using floor = await openFloor(env)
  const latencies: Latencies = { floor: [], idle: [], alone: [], hung: [] }
  // The first submissions of each variant are slower and not counted.
  await sample(env, 'fake-image', 5)
  await sample(env, 'demo', 5)
  await floor.sample(5)
  for (let block = 0; block < BLOCKS; block++) {
    latencies.floor.push(...(await floor.sample(SAMPLES)))
    latencies.idle.push(...(await sample(env, 'fake-image', SAMPLES)))
    latencies.alone.push(...(await sample(env, 'demo', SAMPLES)))
    latencies.hung.push(...(await withHungProvider(env, () => sample(env, 'demo', SAMPLES))))
  }
  return latencies
}

/** Submits generations one after another. @returns the time from each row to its claim by the database's clock, in ms */
async function sample(env: QueueEnv, model: string, times: number): Promise<number[]> {
  const ids: string[] = []
  for (let time = 0; time < times; time++) {
    await sleep(Math.random() * 2 * PAUSE_MS, neverAborted)
    const id = await env.submit(model)
    ids.push(id)
    await env.waitUntilEnded([id])
  }
  const rows = await env.sql<{ ms: number }[]>`
    select extract(epoch from started_at - created_at)::float * 1000 as ms from generations where id = any(${ids}::uuid[])`
  return rows.map(({ ms }) => ms)
}

async function withHungProvider(env: QueueEnv, work: () => Promise<number[]>): Promise<number[]> {
  await env.fake.setBehavior({ submit: { kind: 'hang' } })
  const hung: string[] = []
  while (hung.length < HUNG_JOBS) hung.push(await env.submit('fake-image'))
  await env.fake.waitForRequests(journal => journal.submits.length > 0)
  const measured = await work()
  for (const id of hung) await env.cancel(id)
  await env.fake.setBehavior({ submit: null })
  return measured
}

/** Opens the lower bound: a committed row and a message that is published, received and acknowledged. */
async function openFloor({ sql, natsUrl }: QueueEnv) {
  const bus = await openBus({ url: natsUrl, name: 'bench', log })
  await sql`create table if not exists bench (id bigint generated always as identity, payload jsonb)`
  const consumer = await bus.consumer({
    name: jobConsumerName(PROVIDER),
    subject: jobSubject(PROVIDER),
    ackWaitSeconds: 30,
  })
  const measureOnce = async () => {
    const id = crypto.randomUUID()
    const message = { v: 1, type: 'generation.queued', id } as const
    const receiving = consumer.next(5_000, neverAborted)
    await sleep(Math.random() * 2 * PAUSE_MS, neverAborted)
    const startedAt = performance.now()
    await transaction(sql, tx => tx`insert into bench (payload) values (${tx.json(message)})`)
    await bus.publish(jobSubject(PROVIDER), message, id)
    const delivery = await receiving
    const milliseconds = performance.now() - startedAt
    await delivery?.ack()
    return milliseconds
  }
  return {
    sample: async (times: number) => {
      const measured: number[] = []
      while (measured.length < times) measured.push(await measureOnce())
      return measured
    },
    [Symbol.asyncDispose]: () => bus.close(),
  }
}
