import { loadavg } from 'node:os'
import { describeMachine, type Report } from '../kit/report.ts'
import { computeQuartiles } from '../kit/sampling.ts'
import { openQueueEnv } from './queue-env.ts'
import { type Latencies, measureLatencies } from './queue-latency.ts'
import { measureThroughput, PROVIDER_DELAY_MS, SAMPLES, type Throughput } from './queue-throughput.ts'

const CLAIM_P95_MS = 50
const MAX_HUNG_RATIO = 1.2
/** Of what so many workers would do at best. */
const MIN_LINEAR_SHARE = 0.9

const METHOD = [
  'From a submission over HTTP to its claim by a processor: row and message committed, the message relayed to JetStream, pulled',
  'and claimed. Postgres flushes each commit; every part is a process of its own, on the machine that all of them share.',
  '',
  '- **floor**: a row committed, a message published and acknowledged, one who waits for it; from before to after',
  '- **idle**: nothing else goes on; from the moment of the row to that of the claim, by the clock of the database',
  '- **another provider, alone** and **…, one hung**: the lane of the demo; in the second, fifty generations of the other provider',
  '  are in the queue, and it answers nothing',
  `- **1, 2, 4 workers**: generations a second where the provider takes ${PROVIDER_DELAY_MS} ms for each and answers when it is done, so that`,
  '  a slot is held as long; two slots a worker',
  '',
  `Latencies are of two hundred submissions each, in ten blocks, in turns. Rates are of ${SAMPLES} samples, in turns, with the middle half of`,
  'the samples in brackets.',
]

/** What the queue costs: how soon work is taken up, and how much of it several workers do. */
export async function run(): Promise<Report> {
  const [load = 0] = loadavg()
  await using env = await openQueueEnv()
  const latencies = await measureLatencies(env)
  const throughput = await measureThroughput(env)
  const rates = [...throughput].map(
    ([workers, perSecond]) => [`workers ${workers}`, perSecond.map(roundToHundredths)] as const,
  )
  return {
    title: 'Queue',
    method: [...METHOD, '', `Before it began ${load.toFixed(1)} processes wanted to run, on average over a minute.`],
    machine: describeMachine(),
    columns: [
      'variant',
      'claimed after, median ms',
      '95 of 100 within ms',
      'times the floor',
      'a second',
      'times one worker',
    ],
    rows: [...createLatencyRows(latencies), ...createRateRows(throughput)],
    targets: [...createLatencyTargets(latencies), ...createRateTargets(throughput)],
    rounds: { ...roundLatencies(latencies), ...Object.fromEntries(rates) },
  }
}

function createLatencyRows({ floor, idle, alone, hung }: Latencies): string[][] {
  const variants: [string, number[]][] = [
    ['floor', floor],
    ['idle', idle],
    ['another provider, alone', alone],
    ['another provider, one hung', hung],
  ]
  return variants.map(([name, ms]) => [
    name,
    computeQuantile(ms, 0.5).toFixed(1),
    computeQuantile(ms, 0.95).toFixed(1),
    (computeQuantile(ms, 0.5) / computeQuantile(floor, 0.5)).toFixed(2),
    '–',
    '–',
  ])
}

function createRateRows(throughput: Throughput): string[][] {
  return [...throughput].map(([workers, perSecond]) => {
    const { median, low, high } = computeQuartiles(perSecond)
    const rate = `${median.toFixed(2)} (${low.toFixed(2)}–${high.toFixed(2)})`
    return [
      `${workers} ${workers === 1 ? 'worker' : 'workers'}`,
      '–',
      '–',
      '–',
      rate,
      computeSpeedup(throughput, workers).toFixed(2),
    ]
  })
}

function createLatencyTargets({ idle, alone, hung }: Latencies): Report['targets'] {
  const slower = computeQuantile(hung, 0.5) / computeQuantile(alone, 0.5)
  return [
    {
      target: `95 of 100 claimed within ${CLAIM_P95_MS} ms, idle`,
      reached: `${computeQuantile(idle, 0.95).toFixed(1)} ms`,
      met: computeQuantile(idle, 0.95) <= CLAIM_P95_MS,
    },
    {
      target: `beside a provider that hangs at most ${MAX_HUNG_RATIO} times as long`,
      reached: `${slower.toFixed(2)} at the median, ${(computeQuantile(hung, 0.95) / computeQuantile(alone, 0.95)).toFixed(2)} for 95 of 100`,
      met: slower <= MAX_HUNG_RATIO,
    },
  ]
}

function createRateTargets(throughput: Throughput): Report['targets'] {
  const several = [...throughput.keys()].filter(workers => workers > 1)
  return several.map(workers => {
    const times = computeSpeedup(throughput, workers)
    const least = MIN_LINEAR_SHARE * workers
    return {
      target: `${workers} workers do at least ${least} times what one does`,
      reached: times.toFixed(2),
      met: times >= least,
    }
  })
}

/** The median of the rounds' own ratios. */
function computeSpeedup(throughput: Throughput, workers: number): number {
  const one = throughput.get(1) ?? []
  return computeQuartiles((throughput.get(workers) ?? []).map((rate, sample) => rate / (one[sample] ?? Number.NaN)))
    .median
}

function roundLatencies(latencies: Latencies): Record<string, number[]> {
  return Object.fromEntries(Object.entries(latencies).map(([name, ms]) => [name, ms.map(roundToHundredths)]))
}

function computeQuantile(numbers: readonly number[], share: number): number {
  const sorted = numbers.toSorted((a, b) => a - b)
  return sorted[Math.ceil(sorted.length * share) - 1] ?? Number.NaN
}

function roundToHundredths(number: number): number {
  return Math.round(number * 100) / 100
}
