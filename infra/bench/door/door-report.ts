import { type BenchResult, buildResult, createTarget } from '../kit/report.ts'
import { computeRatio, formatQuartiles, formatSamples } from '../kit/statistics.ts'
import type { Transfer } from './door-transfer.ts'

export interface DoorCase {
  what: string
  path: string
  /** Requests at once. */
  concurrency: number
}

/** The samples of one way in one case: the median duration of a request, in ms, and requests per second. */
export interface Measurement {
  way: string
  doorCase: DoorCase
  medians: number[]
  rates: number[]
}

export interface DoorResults {
  measured: readonly Measurement[]
  transfers: readonly Transfer[]
  samples: number
  /** Length of a sample. */
  seconds: number
}

const MAX_RATIO = 1.1
const MAX_MORE_MEGABYTES = 16

interface Row extends Measurement {
  /** The same at the service's own port. */
  service: Measurement
}

/** Builds the report. */
export function createDoorReport(results: DoorResults): BenchResult {
  const rows = results.measured.map(measurement => ({ ...measurement, service: findService(results, measurement) }))
  const ways = [...new Set(results.transfers.map(({ way }) => way))]
  return buildResult<Row>({
    title: 'The door',
    method: describeMethod(results),
    columns: {
      'what is requested': ({ doorCase }) => doorCase.what,
      'at once': ({ doorCase }) => String(doorCase.concurrency),
      way: ({ way }) => (way === 'address' ? '**address**' : way),
      'requests/s': ({ rates }) => formatSamples(rates, 0),
      'p50, ms': ({ medians }) => formatSamples(medians, 2),
      'p50, times the service': ({ medians, service }) => formatQuartiles(computeRatio(medians, service.medians), 2),
    },
    rows,
    extraRows: ways.map(way => createTransferRow(way, results)),
    targets: [
      ...rows.filter(({ way }) => way === 'address').map(createRowTarget),
      createTarget({
        target: `1 GB at the address: at most ${MAX_MORE_MEGABYTES} MB of memory more than at the service`,
        value: median(results, 'address', 'memoryMegabytes') - median(results, 'service', 'memoryMegabytes'),
        digits: 0,
        suffix: ' MB',
        atMost: MAX_MORE_MEGABYTES,
      }),
    ],
    samples: Object.fromEntries(
      rows.map(row => [`${row.doorCase.what}, ${row.doorCase.concurrency} at once, ${row.way}, ms`, row.medians]),
    ),
  })
}

function describeMethod({ samples, seconds }: DoorResults): string[] {
  return [
    'A whole studio of 10,000 generations by `bun start`, on a disk store: pages of the list, the preview of an image, the image and a file',
    'of 1 GB, requested one after another and 16 at once by one process beside it.',
    '',
    '- **service**: the query service at its own port, which nobody but the launcher knows',
    '- **address**: the address that people open. Query answers there itself',
    '- **gateway beside it**: the gateway in a process of its own, as it was before, and as the launcher has it while query is away',
    '- **Caddy**: as a server has it, by `infra/deploy/Caddyfile`',
    '',
    `${samples} samples of ${seconds} s, the ways in turns; medians, the middle half in brackets; ratios are of the same sample. For the file of 1 GB: MB a`,
    'second, and the peak of memory above that before, of the process that answers.',
  ]
}

function createRowTarget({ doorCase, medians, service }: Row) {
  return createTarget({
    target: `${doorCase.what}, ${doorCase.concurrency} at once: p50 at the address at most ${MAX_RATIO} times that of the service`,
    value: computeRatio(medians, service.medians),
    digits: 2,
    atMost: MAX_RATIO,
  })
}

function createTransferRow(way: string, { transfers }: DoorResults): string[] {
  const samples = (key: 'megabytesPerSecond' | 'memoryMegabytes') =>
    transfers.filter(transfer => transfer.way === way).map(transfer => transfer[key])
  return [
    '1 GB',
    '1',
    way === 'address' ? '**address**' : way,
    `${formatSamples(samples('megabytesPerSecond'), 0)} MB/s`,
    `${formatSamples(samples('memoryMegabytes'), 0)} MB of memory`,
    '',
  ]
}

function median({ transfers }: DoorResults, way: string, key: 'memoryMegabytes'): number {
  const numbers = transfers
    .filter(transfer => transfer.way === way)
    .map(transfer => transfer[key])
    .toSorted((a, b) => a - b)
  return numbers[Math.floor(numbers.length / 2)] ?? 0
}

function findService({ measured }: DoorResults, { doorCase }: Measurement): Measurement {
  const found = measured.find(other => other.way === 'service' && other.doorCase === doorCase)
  if (!found) throw new Error(`the service was not measured for ${doorCase.what}`)
  return found
}
