import { loadavg } from 'node:os'
import { join } from 'node:path'
import { REFERENCE_LIMITS } from '../../src/images/check-image.ts'
import { readImage } from '../../src/images/image.ts'
import { sleep } from '../../src/runtime/timers.ts'
import { type BenchServer, type BenchStack, openBenchStack } from '../kit/bench-stack.ts'
import { BUCKET, S3_SETTINGS, STORE_DELAY_MS } from '../kit/image-files.ts'
import { readCpuMilliseconds, readPeakBytes, readResidentBytes, resetPeak } from '../kit/process-use.ts'
import { describeMachine, type Report } from '../kit/report.ts'
import {
  computeQuartiles,
  computeRatio,
  interleave,
  type Quartiles,
  type Variant,
  type VariantSamples,
} from '../kit/sampling.ts'
import {
  createImage,
  EIGHT,
  FORTY,
  ONE,
  REQUEST_BATCHES,
  type RequestBatch,
  TWENTY,
  withUniqueBytes,
} from './reference-images.ts'

const SAMPLES = 8
const MAX_SINGLE_RATIO = 1.3
const MAX_MEMORY_RATIO = 1.1
const MB = 1e6
const INGEST_MAIN = join(import.meta.dirname, '..', '..', '..', 'services', 'ingest', 'src', 'main.ts')
/** Longest that somebody who was told to come again later does so. */
const RETRY_TIMEOUT_MS = 120_000

const METHOD = [
  `Pictures of 2,000 × 2,000 pixels and 12 MB each, none of which is known yet, go to a store that takes ${STORE_DELAY_MS} ms after the last`,
  'byte, judges each signature (SigV4) and answers with the MD5. One picture; eight at once, each in a request of its own, as the page',
  'sends them; and twenty and forty requests of two at once, 480 and 960 MB, which is more than `BODY_MEMORY_MB` (384) admits: who is',
  'told to come again later does.',
  '',
  '- **seed**: data URLs in the body of a submission; three of a request at a time; kept as they are, looked at by nobody',
  '- **ours**: `POST /api/references` of the real ingest, on a real Postgres: each picture decoded whole, which is its check, kept under',
  '  the hash of its bytes, two previews and a placeholder made, the MD5 of what was stored compared, a row written',
  '- **decoding**: what ours cannot do without, in this process: the check, the previews and the placeholder alone, all at once',
  '',
  `${SAMPLES} samples, the variants in turns. Numbers are medians, the middle half of the samples in brackets; ratios are of the same sample.`,
  'CPU is that of the service, and so is memory: the most that it had resident during a sample, above what it had before the first.',
  'Whoever sends, the service, the store and Postgres share the machine.',
]

interface BatchVariant extends Variant {
  kind: 'seed' | 'ours' | 'decoding'
  batch: RequestBatch
  memoryBytes: number[]
  /** Requests that were told to come again later, all rounds together. */
  refused: () => number
}

/** Taking references in: the seed's way, ours, and what checking them costs anyone. */
export async function run(): Promise<Report> {
  const [load = 0] = loadavg()
  await using stack = await openBenchStack({ name: 'references' })
  const variants = await startVariants(stack)
  const measured = await interleave(variants, SAMPLES)
  const findSamples = (kind: BatchVariant['kind'], batch: RequestBatch) =>
    measured[variants.findIndex(variant => variant.kind === kind && variant.batch === batch)] ?? {
      milliseconds: [],
      cpuMilliseconds: [],
      name: '',
    }
  return {
    title: 'References',
    method: [...METHOD, '', `Before it began ${load.toFixed(1)} processes wanted to run, on average over a minute.`],
    machine: describeMachine(),
    columns: ['variant', 'ms', 'times one picture', 'CPU ms', 'memory, MB', 'told to come again, a sample'],
    rows: measured.map((variant, at) => toRow(variant, variants[at], findSamples)),
    targets: createTargets(variants, findSamples),
    rounds: Object.fromEntries(measured.map(variant => [variant.name, variant.milliseconds.map(Math.round)])),
  }
}

async function startVariants(stack: BenchStack): Promise<BatchVariant[]> {
  const image = await createImage()
  const store = await stack.startServer(join(import.meta.dirname, 'references-store.ts'))
  const s3 = {
    S3_ENDPOINT: store.url,
    S3_BUCKET: BUCKET,
    S3_REGION: S3_SETTINGS.region,
    S3_ACCESS_KEY_ID: S3_SETTINGS.accessKeyId,
    S3_SECRET_ACCESS_KEY: S3_SETTINGS.secretAccessKey,
  }
  const seed = await stack.startServer(join(import.meta.dirname, 'references-seed.ts'), s3)
  const ours = await stack.startServer(INGEST_MAIN, s3)
  const sent = REQUEST_BATCHES.flatMap(batch => [
    createServerVariant('seed', batch, seed, () => sendToSeed(seed.url, image, batch)),
    createServerVariant('ours', batch, ours, () => sendToIngest(ours.url, image, batch)),
  ])
  return [...(await Promise.all(sent)), ...[ONE, EIGHT].map(batch => createDecodingVariant(image, batch))]
}

async function createServerVariant(
  kind: BatchVariant['kind'],
  batch: RequestBatch,
  { pid }: BenchServer,
  send: () => Promise<number>,
): Promise<BatchVariant> {
  const idle = await readResidentBytes(pid)
  const memoryBytes: number[] = []
  let refused = 0
  const run = async () => {
    await resetPeak(pid)
    refused += await send()
    memoryBytes.push((await readPeakBytes(pid)) - idle)
  }
  const name = `${batch.name}: ${kind}`
  return {
    name,
    kind,
    batch,
    memoryBytes,
    refused: () => refused,
    run,
    cpuMilliseconds: () => readCpuMilliseconds(pid),
  }
}

function createDecodingVariant(image: Buffer, batch: RequestBatch): BatchVariant {
  const run = async () => {
    const all = Array.from({ length: batch.requests }, () => readImage(image, REFERENCE_LIMITS))
    await Promise.all(all)
  }
  return { name: `${batch.name}: decoding`, kind: 'decoding', batch, memoryBytes: [], refused: () => 0, run }
}

/** @returns how often somebody was told to come again later */
async function sendToSeed(url: string, image: Buffer, batch: RequestBatch): Promise<number> {
  return await sendAll(
    batch,
    async images => {
      const referenceImages = images.map(bytes => `data:image/png;base64,${bytes.toString('base64')}`)
      return await fetch(url, { method: 'POST', body: JSON.stringify({ referenceImages }) })
    },
    image,
  )
}

async function sendToIngest(url: string, image: Buffer, batch: RequestBatch): Promise<number> {
  return await sendAll(
    batch,
    async images => {
      const body = new FormData()
      for (const bytes of images) body.append('file', new Blob([bytes], { type: 'image/png' }), 'noise.png')
      return await fetch(`${url}/api/references`, { method: 'POST', body })
    },
    image,
  )
}

async function sendAll(
  { requests, images }: RequestBatch,
  send: (images: Buffer<ArrayBuffer>[]) => Promise<Response>,
  image: Buffer,
): Promise<number> {
  const retrySignal = AbortSignal.timeout(RETRY_TIMEOUT_MS)
  const sendOne = async () => {
    const uniqueImages = Array.from({ length: images }, () => withUniqueBytes(image))
    for (let refused = 0; ; refused++) {
      const response = await send(uniqueImages)
      const text = await response.text()
      if (response.status === 201) return refused
      if (response.status !== 503 || retrySignal.aborted) throw new Error(`answered by ${response.status}: ${text}`)
      await sleep(Number(response.headers.get('retry-after')) * 1_000, retrySignal)
    }
  }
  const all = await Promise.all(Array.from({ length: requests }, sendOne))
  return all.reduce((sum, refused) => sum + refused, 0)
}

type FindSamples = (kind: BatchVariant['kind'], batch: RequestBatch) => VariantSamples

function toRow(
  variant: VariantSamples,
  { kind, memoryBytes, refused } = NO_VARIANT,
  findSamples: FindSamples,
): string[] {
  return [
    variant.name,
    formatQuartiles(computeQuartiles(variant.milliseconds), 0),
    formatQuartiles(computeRatio(variant, findSamples(kind, ONE)), 2),
    formatQuartiles(computeQuartiles(variant.cpuMilliseconds), 0),
    memoryBytes.length > 0 ? formatQuartiles(computeMemoryQuartiles(memoryBytes), 0) : '–',
    kind === 'ours' ? (refused() / (SAMPLES + 1)).toFixed(1) : '–',
  ]
}

const NO_VARIANT: Pick<BatchVariant, 'kind' | 'memoryBytes' | 'refused'> = {
  kind: 'ours',
  memoryBytes: [],
  refused: () => 0,
}

function createTargets(variants: BatchVariant[], findSamples: FindSamples): Report['targets'] {
  const [ours, decoding] = [
    computeRatio(findSamples('ours', EIGHT), findSamples('ours', ONE)),
    computeRatio(findSamples('decoding', EIGHT), findSamples('decoding', ONE)),
  ]
  const memory = (kind: BatchVariant['kind'], batch: RequestBatch) =>
    computeMemoryQuartiles(
      variants.find(variant => variant.kind === kind && variant.batch === batch)?.memoryBytes ?? [],
    )
  const [twenty, forty, seeds] = [memory('ours', TWENTY), memory('ours', FORTY), memory('seed', FORTY)]
  return [
    {
      target: `8 at once: at most ${MAX_SINGLE_RATIO} times as long as one picture`,
      reached: `${formatQuartiles(ours, 2)} where decoding alone is ${formatQuartiles(decoding, 2)}`,
      met: ours.median <= MAX_SINGLE_RATIO,
    },
    {
      target: `memory is bounded whatever arrives: for 40 requests at most ${MAX_MEMORY_RATIO} times what 20 take`,
      reached: `${formatQuartiles(forty, 0)} MB above idle after ${formatQuartiles(twenty, 0)}, where the seed has ${formatQuartiles(seeds, 0)}`,
      met: forty.median <= MAX_MEMORY_RATIO * twenty.median,
    },
  ]
}

function computeMemoryQuartiles(memoryBytes: readonly number[]): Quartiles {
  // The first time is not counted.
  return computeQuartiles(memoryBytes.slice(1).map(bytes => bytes / MB))
}

function formatQuartiles({ median, low, high }: Quartiles, digits: number): string {
  return `${median.toFixed(digits)} (${low.toFixed(digits)}–${high.toFixed(digits)})`
}
