import { sleep } from '../../src/runtime/timers.ts'
import { violations } from '../../testing/invariants/check-invariants.ts'
import { type Random, randomOf } from '../../testing/random.ts'
import type { Stage } from '../../testing/studio/test-stack.ts'
import { people } from './soak-clients.ts'
import { TROUBLES, type Trouble } from './soak-faults.ts'
import { createMemoryWatch, type MemoryOf } from './soak-memory.ts'

export interface SoakOptions {
  stage: Stage
  seed: string
  /** Aborted when there is to be no more trouble. */
  signal: AbortSignal
  say: (line: string) => void
}

export interface SoakReport {
  promised: number
  /** How the generations ended, by status. */
  ended: Record<string, number>
  /** How often each trouble came. */
  troubles: Record<string, number>
  /** How the services' lives ended, by how. */
  deaths: Record<string, number>
  /** Calls that the provider took, and generations of its models. */
  bought: { calls: number; generations: number }
  most: { attempt: number; staleWrites: number }
  memory: MemoryOf[]
  wrong: string[]
}

const PEOPLE = 8
const PAUSE_MS = 2_500
const BETWEEN_MS = 1_200
const LOOK_MS = 5_000
const SETTLE_MS = 240_000

/** Lets people use a studio in which one thing after another goes wrong, and holds it to what it has promised. */
export async function soak({ stage, seed, signal, say }: SoakOptions): Promise<SoakReport> {
  const others = await stage.addProcessor()
  const watch = createMemoryWatch({
    ingest: stage.ingest,
    query: stage.query,
    processor: stage.processor,
    other: others,
  })
  const counts = { troubles: {} as Record<string, number>, staleWrites: 0 }
  const looking = every(LOOK_MS, signal, async () => {
    await watch.look()
    counts.staleWrites = Math.max(counts.staleWrites, await staleWrites(stage))
  })
  const using = people({ client: stage.client, seed, count: PEOPLE, pauseMs: PAUSE_MS, signal })
  using.catch(error => say(`somebody left: ${error}`))
  await trouble({ stage, signal, random: randomOf(`${seed}/trouble`), counts: counts.troubles, say })
  await looking
  await stage.heal()
  const left = await using.then(
    () => [],
    error => [`I2 ${error}`],
  )
  const wrong = [...left, ...(await violations(stage, { settleMs: SETTLE_MS }))]
  return {
    ...(await outcome(stage)),
    ...counts,
    most: await most(stage, counts.staleWrites),
    memory: watch.watched,
    wrong,
  }
}

async function trouble(options: {
  stage: Stage
  signal: AbortSignal
  random: Random
  counts: Record<string, number>
  say: (line: string) => void
}): Promise<void> {
  const { stage, signal, random, counts, say } = options
  const drawn = TROUBLES.flatMap(trouble => Array<Trouble>(trouble.weight).fill(trouble))
  while (!signal.aborted) {
    const { name, strike } = random.pick(drawn)
    counts[name] = (counts[name] ?? 0) + 1
    await strike(stage, random).catch(error => say(`${name}: ${error}`))
    await sleep(random.below(2 * BETWEEN_MS), signal)
  }
}

async function every(milliseconds: number, signal: AbortSignal, look: () => Promise<void>): Promise<void> {
  while (!signal.aborted) {
    await look()
    await sleep(milliseconds, signal)
  }
}

async function staleWrites({ processors }: Stage): Promise<number> {
  const counted = await Promise.all(processors.map(processor => processor.metric('stale_writes_total').catch(() => 0)))
  return counted.reduce((sum, count) => sum + count, 0)
}

async function outcome({ client, sql, fake, ingest, query, processors }: Stage) {
  const ended = await sql<{ status: string; count: number }[]>`
    select status, count(*)::int as count from generations where workspace_id <> ${FOREIGN} group by 1 order by 1`
  const [made] = await sql<{ count: number }[]>`select count(*)::int as count from generations where provider = 'fake'`
  const { submits } = await fake.journal()
  const deaths = [ingest, query, ...processors].flatMap(service => service.deaths)
  return {
    promised: client.log.promised().length,
    ended: Object.fromEntries(ended.map(({ status, count }) => [status, count])),
    deaths: Object.fromEntries([...Map.groupBy(deaths, how => how)].map(([how, lives]) => [how, lives.length])),
    bought: { calls: submits.filter(({ id }) => id !== null).length, generations: made?.count ?? 0 },
  }
}

const FOREIGN = '00000000-0000-7000-8000-0000000000ff'

async function most({ sql }: Stage, staleWrites: number): Promise<SoakReport['most']> {
  const [row] = await sql<{ attempt: number }[]>`select max(attempt)::int as attempt from generation_jobs`
  return { attempt: row?.attempt ?? 0, staleWrites }
}
