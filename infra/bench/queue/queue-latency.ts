import { jobSubject, laneConsumer } from '@darkroom/contracts/subjects'
import { openBus } from '../../src/bus/bus.ts'
import { transaction } from '../../src/database/connection.ts'
import { sleep } from '../../src/runtime/timers.ts'
import { log, type QueueGround } from './queue-env.ts'

const SAMPLES = 20
const BLOCKS = 10
const HUNG = 50
/** So long between two, on average, that each finds everything idle, and at no fixed beat. */
const PAUSE_MS = 60
const LANE = 'bench'
const never = new AbortController().signal

/** Milliseconds until a submission was taken up, by what stood in its way, a number for each. */
export interface Latencies {
  floor: number[]
  idle: number[]
  /** The same lane as in `hung`, with nothing beside it. */
  alone: number[]
  /** While the other provider answers nothing and has work for an hour. */
  hung: number[]
}

/** Measures, in turns, how long it takes from a submission to its claim. */
export async function measureLatencies(ground: QueueGround): Promise<Latencies> {
  await using _processor = await ground.startProcessor()
  await using floor = await openFloor(ground)
  const latencies: Latencies = { floor: [], idle: [], alone: [], hung: [] }
  // The first of everything is slower, and not counted.
  await sample(ground, 'fake-image', 5)
  await sample(ground, 'demo', 5)
  await floor.sample(5)
  for (let block = 0; block < BLOCKS; block++) {
    latencies.floor.push(...(await floor.sample(SAMPLES)))
    latencies.idle.push(...(await sample(ground, 'fake-image', SAMPLES)))
    latencies.alone.push(...(await sample(ground, 'demo', SAMPLES)))
    latencies.hung.push(...(await besideHung(ground, () => sample(ground, 'demo', SAMPLES))))
  }
  return latencies
}

/** From the row to the claim, both by the database's clock. */
async function sample(ground: QueueGround, model: string, times: number): Promise<number[]> {
  const ids: string[] = []
  for (let time = 0; time < times; time++) {
    await sleep(Math.random() * 2 * PAUSE_MS, never)
    const id = await ground.submit(model)
    ids.push(id)
    await ground.ended([id])
  }
  const rows = await ground.sql<{ ms: number }[]>`
    select extract(epoch from started_at - created_at)::float * 1000 as ms from generations where id = any(${ids}::uuid[])`
  return rows.map(({ ms }) => ms)
}

async function besideHung(ground: QueueGround, work: () => Promise<number[]>): Promise<number[]> {
  await ground.fake.set({ submit: { kind: 'hang' } })
  const hung: string[] = []
  while (hung.length < HUNG) hung.push(await ground.submit('fake-image'))
  await ground.fake.until(journal => journal.submits.length > 0)
  const measured = await work()
  for (const id of hung) await ground.cancel(id)
  await ground.fake.set({ submit: null })
  return measured
}

/** A row that is committed, a message that is acknowledged, and one who waits for it: what nobody can do without. */
async function openFloor({ sql, natsUrl }: QueueGround) {
  const bus = await openBus({ url: natsUrl, name: 'bench', log })
  await sql`create table if not exists bench (id bigint generated always as identity, payload jsonb)`
  const lane = await bus.lane({ consumer: laneConsumer(LANE), subject: jobSubject(LANE), ackWaitSeconds: 30 })
  const once = async () => {
    const id = crypto.randomUUID()
    const message = { v: 1, type: 'generation.queued', id } as const
    const waiting = lane.next(5_000, never)
    await sleep(Math.random() * 2 * PAUSE_MS, never)
    const began = performance.now()
    await transaction(sql, tx => tx`insert into bench (payload) values (${tx.json(message)})`)
    await bus.publish(jobSubject(LANE), message, id)
    const delivery = await waiting
    const milliseconds = performance.now() - began
    await delivery?.ack()
    return milliseconds
  }
  return {
    sample: async (times: number) => {
      const measured: number[] = []
      while (measured.length < times) measured.push(await once())
      return measured
    },
    [Symbol.asyncDispose]: () => bus.close(),
  }
}
