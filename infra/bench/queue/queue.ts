import { loadavg } from 'node:os'
import { describeMachine, type Report } from '../kit/report.ts'
import { spreadOf } from '../kit/sampling.ts'
import { openQueueGround } from './queue-env.ts'
import { type Latencies, measureLatencies } from './queue-latency.ts'
import { measureThroughput, PROVIDER_MS, ROUNDS, type Throughput } from './queue-throughput.ts'

const CLAIM_P95_MS = 50
const TIMES_ALONE = 1.2
/** Of what so many workers would do at best. */
const LINEAR = 0.9

const METHOD = [
  'From a submission over HTTP to its claim by a processor: row and message committed, the message relayed to JetStream, pulled',
  'and claimed. Postgres flushes each commit; every part is a process of its own, on the machine that all of them share.',
  '',
  '- **floor**: a row committed, a message published and acknowledged, one who waits for it; from before to after',
  '- **idle**: nothing else goes on; from the moment of the row to that of the claim, by the clock of the database',
  '- **another provider, alone** and **…, one hung**: the lane of the demo; in the second, fifty generations of the other provider',
  '  are in the queue, and it answers nothing',
  `- **1, 2, 4 workers**: generations a second where the provider takes ${PROVIDER_MS} ms for each and answers when it is done, so that`,
  '  a slot is held as long; two slots a worker',
  '',
  `Latencies are of two hundred submissions each, in ten blocks, in turns. Rates are of ${ROUNDS} rounds, in turns, with the middle half of`,
  'the rounds in brackets.',
]

/** What the queue costs: how soon work is taken up, and how much of it several workers do. */
export async function run(): Promise<Report> {
  const [load = 0] = loadavg()
  await using ground = await openQueueGround()
  const latencies = await measureLatencies(ground)
  const throughput = await measureThroughput(ground)
  const rates = [...throughput].map(
    ([workers, perSecond]) => [`workers ${workers}`, perSecond.map(hundredths)] as const,
  )
  return {
    title: 'Queue',
    method: [...METHOD, '', `Before it began ${load.toFixed(1)} processes wanted to run, on average over a minute.`],
    machine: describeMachine(),
    columns: [
      'arm',
      'claimed after, median ms',
      '95 of 100 within ms',
      'times the floor',
      'a second',
      'times one worker',
    ],
    rows: [...latencyRows(latencies), ...rateRows(throughput)],
    targets: [...latencyTargets(latencies), ...rateTargets(throughput)],
    rounds: { ...roundedLatencies(latencies), ...Object.fromEntries(rates) },
  }
}

function latencyRows({ floor, idle, alone, hung }: Latencies): string[][] {
  const arms: [string, number[]][] = [
    ['floor', floor],
    ['idle', idle],
    ['another provider, alone', alone],
    ['another provider, one hung', hung],
  ]
  return arms.map(([name, ms]) => [
    name,
    at(ms, 0.5).toFixed(1),
    at(ms, 0.95).toFixed(1),
    (at(ms, 0.5) / at(floor, 0.5)).toFixed(2),
    '–',
    '–',
  ])
}

function rateRows(throughput: Throughput): string[][] {
  return [...throughput].map(([workers, perSecond]) => {
    const { median, low, high } = spreadOf(perSecond)
    const rate = `${median.toFixed(2)} (${low.toFixed(2)}–${high.toFixed(2)})`
    return [
      `${workers} ${workers === 1 ? 'worker' : 'workers'}`,
      '–',
      '–',
      '–',
      rate,
      timesOne(throughput, workers).toFixed(2),
    ]
  })
}

function latencyTargets({ idle, alone, hung }: Latencies): Report['targets'] {
  const slower = at(hung, 0.5) / at(alone, 0.5)
  return [
    {
      target: `95 of 100 claimed within ${CLAIM_P95_MS} ms, idle`,
      reached: `${at(idle, 0.95).toFixed(1)} ms`,
      met: at(idle, 0.95) <= CLAIM_P95_MS,
    },
    {
      target: `beside a provider that hangs at most ${TIMES_ALONE} times as long`,
      reached: `${slower.toFixed(2)} at the median, ${(at(hung, 0.95) / at(alone, 0.95)).toFixed(2)} for 95 of 100`,
      met: slower <= TIMES_ALONE,
    },
  ]
}

function rateTargets(throughput: Throughput): Report['targets'] {
  const several = [...throughput.keys()].filter(workers => workers > 1)
  return several.map(workers => {
    const times = timesOne(throughput, workers)
    const least = LINEAR * workers
    return {
      target: `${workers} workers do at least ${least} times what one does`,
      reached: times.toFixed(2),
      met: times >= least,
    }
  })
}

/** The median of the rounds' own ratios. */
function timesOne(throughput: Throughput, workers: number): number {
  const one = throughput.get(1) ?? []
  return spreadOf((throughput.get(workers) ?? []).map((rate, round) => rate / (one[round] ?? Number.NaN))).median
}

function roundedLatencies(latencies: Latencies): Record<string, number[]> {
  return Object.fromEntries(Object.entries(latencies).map(([name, ms]) => [name, ms.map(hundredths)]))
}

function at(numbers: readonly number[], share: number): number {
  const sorted = numbers.toSorted((a, b) => a - b)
  return sorted[Math.ceil(sorted.length * share) - 1] ?? Number.NaN
}

function hundredths(number: number): number {
  return Math.round(number * 100) / 100
}
