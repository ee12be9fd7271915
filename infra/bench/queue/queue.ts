import { type BenchResult, buildResult, createTarget, type Target } from '../kit/report.ts'
import { computeQuantile, computeRatio, formatSamples } from '../kit/statistics.ts'
import { openQueueEnv } from './queue-env.ts'
import { type Latencies, measureLatencies } from './queue-latency.ts'
import { measureThroughput, PROVIDER_DELAY_MS, SAMPLES, type Throughput } from './queue-throughput.ts'

const CLAIM_P95_MS = 50
const MAX_HUNG_RATIO = 1.2
/** Share of the rate that the workers would reach if it grew linearly. */
const MIN_LINEAR_SHARE = 0.9

const METHOD = [
  'From a submission over HTTP to its claim by a processor: row and message committed, the message relayed to JetStream, pulled',
  'and claimed. Postgres flushes each commit; every part is a process of its own, on the machine that all of them share.',
  '',
  '- **floor**: a row committed, a message published and acknowledged, one who waits for it; from before to after',
  '- **idle**: nothing else goes on; from the moment of the row to that of the claim, by the clock of the database',
  '- **another provider, alone** and **…, one hung**: the consumer of the demo; in the second, fifty generations of the other provider',
  '  are in the queue, and it answers nothing',
  `- **1, 2, 4 workers**: generations a second where the provider takes ${PROVIDER_DELAY_MS} ms for each and answers when it is done, so that`,
  '  a slot is held as long; two slots a worker',
  '',
  `Latencies are of two hundred submissions each, in ten blocks, in turns. Rates are of ${SAMPLES} samples, in turns, with the middle half of`,
  'the samples in brackets.',
]

/** A row of the report: of latencies in ms, or of generations per second and their ratio to one worker. */
interface Row {
  name: string
  latencies?: number[]
  rates?: number[]
  speedup?: number
}

/** Measures the time from a submission to its claim, and the throughput of several workers. */
export async function run(): Promise<BenchResult> {
  await using env = await openQueueEnv()
  const latencies = await measureLatencies(env)
  const throughput = await measureThroughput(env)
  return createReport(latencies, throughput)
}

function createReport(latencies: Latencies, throughput: Throughput): BenchResult {
  const { floor, idle, alone, hung } = latencies
  const rates = [...throughput].map(([workers, perSecond]) => [`workers ${workers}`, perSecond] as const)
  return buildResult<Row>({
    title: 'Queue',
    method: METHOD,
    columns: {
      variant: ({ name }) => name,
      'claimed after, median ms': ({ latencies: ms }) => (ms ? computeQuantile(ms, 0.5).toFixed(1) : '–'),
      '95 of 100 within ms': ({ latencies: ms }) => (ms ? computeQuantile(ms, 0.95).toFixed(1) : '–'),
      'times the floor': ({ latencies: ms }) => (ms ? computeQuantileRatio(ms, floor, 0.5).toFixed(2) : '–'),
      'a second': ({ rates }) => (rates ? formatSamples(rates, 2) : '–'),
      'times one worker': ({ speedup }) => speedup?.toFixed(2) ?? '–',
    },
    rows: [
      { name: 'floor', latencies: floor },
      { name: 'idle', latencies: idle },
      { name: 'another provider, alone', latencies: alone },
      { name: 'another provider, one hung', latencies: hung },
      ...createRateRows(throughput),
    ],
    targets: [...createLatencyTargets(latencies), ...createRateTargets(throughput)],
    samples: { ...latencies, ...Object.fromEntries(rates) },
  })
}

function createRateRows(throughput: Throughput): Row[] {
  return [...throughput].map(([workers, rates]) => ({
    name: `${workers} ${workers === 1 ? 'worker' : 'workers'}`,
    rates,
    speedup: computeSpeedup(throughput, workers),
  }))
}

function createLatencyTargets({ idle, alone, hung }: Latencies): Target[] {
  return [
    createTarget({
      target: `95 of 100 claimed within ${CLAIM_P95_MS} ms, idle`,
      value: computeQuantile(idle, 0.95),
      digits: 1,
      suffix: ' ms',
      atMost: CLAIM_P95_MS,
    }),
    createTarget({
      target: `beside a provider that hangs at most ${MAX_HUNG_RATIO} times as long`,
      value: computeQuantileRatio(hung, alone, 0.5),
      digits: 2,
      suffix: ` at the median, ${computeQuantileRatio(hung, alone, 0.95).toFixed(2)} for 95 of 100`,
      atMost: MAX_HUNG_RATIO,
    }),
  ]
}

function createRateTargets(throughput: Throughput): Target[] {
  const several = [...throughput.keys()].filter(workers => workers > 1)
  return several.map(workers => {
    const atLeast = MIN_LINEAR_SHARE * workers
    const target = `${workers} workers do at least ${atLeast} times what one does`
    return createTarget({ target, value: computeSpeedup(throughput, workers), digits: 2, atLeast })
  })
}

/** Returns the median of the ratios to one worker, sample by sample. */
function computeSpeedup(throughput: Throughput, workers: number): number {
  return computeRatio(throughput.get(workers) ?? [], throughput.get(1) ?? []).median
}

function computeQuantileRatio(of: readonly number[], to: readonly number[], share: number): number {
  return computeQuantile(of, share) / computeQuantile(to, share)
}
