import {
  breakTwoKinds,
  createKindSubmission,
  type FourKinds,
  type KindOfProvider,
  startFourKinds,
} from '../../testing/provider-kinds/four-kinds.ts'
import { isFinished, type StudioClient } from '../../testing/studio/studio-client.ts'
import { startTestStudio } from '../../testing/studio/test-studio.ts'
import { type BenchResult, buildResult, createTarget } from '../kit/report.ts'
import { computeQuantile, formatSamples } from '../kit/statistics.ts'

const ROUNDS = 8
/** Generations of each kind that works, submitted at once in a round: most of them wait for a slot. */
const BURST = 8
/** Generations of each kind that does not work, submitted before each round. */
const SICK = 4
const WORK_MS = 400
const MAX_RATIO = 1.2
const END_MS = 120_000
const ENV = { NODE_ENV: 'production', GENERATION_MAX_SECONDS: '20' }

const METHOD = [
  'Two studios, each with four kinds of provider: OpenAI, LocalAI, fal and Black Forest Labs, as the fakes of the test suite. In the first',
  'nobody uses fal and Black Forest Labs. In the second fal takes calls and never answers, Black Forest Labs says that there is no credit,',
  `and ${SICK} generations are submitted to each of them before every round. A round submits ${BURST} generations to OpenAI and to LocalAI at`,
  `once, of which two at a time are made in ${WORK_MS} ms each; ${ROUNDS} rounds, the studios in turns. **waiting**: from a submission until its`,
  'provider has received it. **in all**: until it is completed. Medians, the middle half in brackets.',
]

interface Variant {
  name: string
  studio: StudioClient
  kinds: FourKinds
  isSick: boolean
  waiting: number[]
  total: number[]
}

/** Measures how long generations wait beside a provider that hangs and one without credit, against a studio in which neither is used. */
export async function run(): Promise<BenchResult> {
  await using stack = new AsyncDisposableStack()
  const variants: Variant[] = []
  for (const isSick of [false, true]) {
    const kinds = stack.use(await startFourKinds())
    const studio = stack.use(await startTestStudio({ ...ENV, ...kinds.env }))
    await breakTwoKinds(studio, kinds)
    for (const { work } of kinds.healthy) work.milliseconds = WORK_MS
    const name = isSick ? 'one hung, one without credit' : 'neither is used'
    variants.push({ name, studio, kinds, isSick, waiting: [], total: [] })
  }
  for (const variant of variants) await runRound({ ...variant, waiting: [], total: [] })
  for (let round = 0; round < ROUNDS; round++)
    for (const variant of round % 2 === 0 ? variants : variants.toReversed()) await runRound(variant)
  return createReport(variants)
}

async function runRound({ studio, kinds, isSick, waiting, total }: Variant): Promise<void> {
  if (isSick)
    for (const kind of [kinds.hung, kinds.unpaid])
      for (let at = 0; at < SICK; at++) await studio.submit(createKindSubmission(kind, `sick ${at}`))
  await Promise.all(
    kinds.healthy.map(async kind => {
      const before = kind.work.times.length
      const submitted = await Promise.all(Array.from({ length: BURST }, () => submitTimed(studio, kind)))
      const ended = await Promise.all(submitted.map(({ id }) => waitForEnd(studio, id)))
      // Of equal generations it does not matter which is which: the first received was the first submitted.
      const receivedAt = kind.work.times.slice(before).map(({ startedAt }) => startedAt)
      const submittedAt = submitted.map(({ at }) => at).toSorted((a, b) => a - b)
      waiting.push(...receivedAt.toSorted((a, b) => a - b).map((at, index) => at - (submittedAt[index] ?? at)))
      total.push(...ended.map((at, index) => at - (submitted[index]?.at ?? at)))
    }),
  )
}

async function submitTimed(studio: StudioClient, kind: KindOfProvider): Promise<{ id: string; at: number }> {
  const at = now()
  const { id } = await studio.submit(createKindSubmission(kind, 'a lighthouse'))
  return { id, at }
}

async function waitForEnd(studio: StudioClient, id: string): Promise<number> {
  const { status } = await studio.waitForGeneration(id, isFinished, END_MS)
  if (status !== 'completed') throw new Error(`a generation of a provider that works is ${status}`)
  return now()
}

function now(): number {
  return performance.timeOrigin + performance.now()
}

function createReport(variants: readonly Variant[]): BenchResult {
  const [plain, sick] = variants
  const ratio = (pick: (variant: Variant) => number[]) =>
    sick && plain ? computeQuantile(pick(sick), 0.5) / computeQuantile(pick(plain), 0.5) : Number.NaN
  return buildResult<Variant>({
    title: 'Kinds of providers',
    method: METHOD,
    columns: {
      studio: ({ name }) => name,
      'waiting, ms': ({ waiting }) => formatSamples(waiting, 0),
      'waiting, p95 ms': ({ waiting }) => computeQuantile(waiting, 0.95).toFixed(0),
      'in all, ms': ({ total }) => formatSamples(total, 0),
      'in all, p95 ms': ({ total }) => computeQuantile(total, 0.95).toFixed(0),
    },
    rows: variants,
    targets: [
      createTarget({
        target: `the others wait at most ${MAX_RATIO} times as long`,
        value: ratio(({ waiting }) => waiting),
        digits: 2,
        atMost: MAX_RATIO,
      }),
      createTarget({
        target: `the others take at most ${MAX_RATIO} times as long in all`,
        value: ratio(({ total }) => total),
        digits: 2,
        atMost: MAX_RATIO,
      }),
    ],
    samples: Object.fromEntries(
      variants.flatMap(({ name, waiting, total }) => [
        [`${name}: waiting`, waiting],
        [`${name}: in all`, total],
      ]),
    ),
  })
}
