import { sleep } from '../../src/runtime/timers.ts'
import type { BehaviorChange } from '../fake-provider/behavior.ts'
import { createRandom, type Random } from '../random.ts'
import { isFinished } from '../studio/studio-client.ts'
import type { TestStack } from '../studio/test-stack.ts'
import { waitFor } from '../wait-for.ts'
import { waitUntilSettled } from './settle-bills.ts'

export interface BilledLoadOptions {
  seed: string
  /** Calls after which no generation is submitted any more. */
  calls: number
  /** Kills of the processor, spread evenly. */
  kills: number
  /** Clients, each with one generation at a time. */
  clients: number
}

/** The numbers of what a load has done. */
export interface BilledLoad {
  generations: number
  kills: number
  cancels: number
  retries: number
}

const MODELS = ['fake-image', 'fake-own-id', 'fake-bytes'] as const
const END_MS = 120_000
const NORMAL: BehaviorChange = {
  delayMs: 150,
  lookAgainSeconds: 0.1,
  reportsCosts: true,
  failsOneIn: 12,
  submit: null,
  check: null,
  cancel: null,
  lookup: null,
  cancelTooLate: false,
  submitDelayMs: 0,
  answer: { slowOneIn: 1, delayMs: [0, 100], pieceBytes: null, pieceMs: 0, cut: null },
}

/** The ways in which the provider behaves for a while, one after another. */
const FAULTS: readonly BehaviorChange[] = [
  {},
  { submit: { kind: 'reset', taken: true, times: 1 } },
  { submit: { kind: 'reset', times: 1 } },
  { submit: { kind: 'status', status: 503, retryAfter: '1', times: 2 } },
  { submit: { kind: 'status', status: 422, times: 1 } },
  { submit: { kind: 'malformed', taken: true, times: 1 } },
  { submitDelayMs: 300 },
  { cancelTooLate: true },
  { check: { kind: 'status', status: 500, times: 1 } },
  { cancel: { kind: 'status', status: 503, times: 1 } },
  ...(['before', 'headers', 'middle', 'after'] as const).map(at => ({
    answer: {
      slowOneIn: 1,
      delayMs: [0, 100] as [number, number],
      pieceBytes: null,
      pieceMs: 0,
      cut: { at, times: 1 },
    },
  })),
]

/**
 * Runs clients that submit, cancel and retry generations, while the provider fails in every way and the processor is killed. Resolves when
 * everything has ended and every bill is settled.
 */
export async function runBilledLoad(stack: TestStack, options: BilledLoadOptions): Promise<BilledLoad> {
  const done = { generations: 0, kills: 0, cancels: 0, retries: 0 }
  const ended = new AbortController()
  const random = createRandom(options.seed)
  await stack.fake.setBehavior(NORMAL)
  const breaking = breakProvider(stack, random, ended.signal)
  const killing = killProcessors(stack, options, done)
  const clients = Array.from({ length: options.clients }, (_, at) =>
    runClient(stack, options, createRandom(`${options.seed}/${at}`), done),
  )
  try {
    await Promise.all([killing, ...clients])
  } finally {
    ended.abort()
    await breaking
  }
  await stack.fake.setBehavior(NORMAL)
  await waitUntilSettled(stack)
  return done
}

async function runClient(
  stack: TestStack,
  { calls }: BilledLoadOptions,
  random: Random,
  done: BilledLoad,
): Promise<void> {
  const { client } = stack
  while ((await countCalls(stack)) < calls) {
    const numOutputs = random.oneIn(20) ? 6 : 1 + random.nextInt(2)
    const prompt = `billed ${done.generations++}`
    const { id } = await client.submit({
      prompt,
      model: random.pick(MODELS),
      parameters: { numOutputs, resolution: 512 },
    })
    if (random.oneIn(8)) {
      await Bun.sleep(random.nextInt(600))
      await client.cancel(id)
      done.cancels++
    }
    const { status } = await client.waitForGeneration(id, isFinished, END_MS)
    if (status === 'completed' || random.oneIn(3) || !(await client.rerun(id, 'retry'))) continue
    done.retries++
    await client.waitForGeneration(id, isFinished, END_MS)
  }
}

async function killProcessors(stack: TestStack, { calls, kills }: BilledLoadOptions, done: BilledLoad): Promise<void> {
  for (let kill = 1; kill <= kills; kill++) {
    const isDue = async () => (await countCalls(stack)) >= (calls * kill) / (kills + 1)
    await waitFor('The next calls', END_MS, isDue)
    stack.processor.signal('SIGKILL')
    done.kills++
    await stack.processor.waitUntilReady()
  }
}

async function breakProvider({ fake }: TestStack, random: Random, signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    await fake.setBehavior({ ...NORMAL, ...random.pick(FAULTS) })
    await sleep(200 + random.nextInt(600), signal).catch(() => {})
  }
}

async function countCalls({ sql }: Pick<TestStack, 'sql'>): Promise<number> {
  const [row] = await sql<
    { count: number }[]
  >`select count(distinct (generation_id, call))::int as count from call_costs`
  return row?.count ?? 0
}
