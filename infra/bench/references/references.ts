import { join } from 'node:path'
import { REFERENCE_LIMITS } from '../../src/images/check-image.ts'
import { readImage } from '../../src/images/image.ts'
import { sleep } from '../../src/runtime/timers.ts'
import { type BenchServer, type BenchStack, openBenchStack } from '../kit/bench-stack.ts'
import { BUCKET, S3_SETTINGS, STORE_DELAY_MS } from '../kit/image-files.ts'
import { readCpuMilliseconds, readPeakBytes, readResidentBytes, resetPeak } from '../kit/process-use.ts'
import { type BenchResult, buildResult, createTarget, type Target } from '../kit/report.ts'
import { interleave, type Variant, type VariantSamples } from '../kit/sampling.ts'
import { computeQuartiles, computeRatio, formatQuartiles, formatSamples, type Quartiles } from '../kit/statistics.ts'
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
/** Longest time that a request is repeated after 503 responses. */
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
  /** Peak above idle of each run, in bytes; the first is not counted. Empty if the work is done in this process. */
  memoryBytes: number[]
  /** Returns the number of 503 responses in all runs. */
  refused: () => number
}

/** Measures uploads of references: the seed's, ours, and the cost of decoding alone. */
export async function run(): Promise<BenchResult> {
  await using stack = await openBenchStack()
  const variants = await startVariants(stack)
  const measured = await interleave(variants, SAMPLES)
  const results = variants.map((variant, at) => ({ ...variant, samples: measured[at] ?? NO_SAMPLES }))
  return createReport(results)
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
  const ours = await stack.startService('ingest', s3)
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

/** Sends a batch to the seed's server. @returns the number of 503 responses */
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

/** Sends a batch to ingest. @returns the number of 503 responses */
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

interface BatchResult extends BatchVariant {
  samples: VariantSamples
}

const NO_SAMPLES: VariantSamples = { name: '', milliseconds: [], cpuMilliseconds: [] }

function createReport(results: readonly BatchResult[]): BenchResult {
  return buildResult<BatchResult>({
    title: 'References',
    method: METHOD,
    columns: {
      variant: ({ name }) => name,
      ms: ({ samples }) => formatSamples(samples.milliseconds, 0),
      'times one picture': ({ kind, batch }) => formatQuartiles(computeRatioToOne(results, kind, batch), 2),
      'CPU ms': ({ samples }) => formatSamples(samples.cpuMilliseconds, 0),
      'memory, MB': ({ memoryBytes }) => (memoryBytes.length > 0 ? formatSamples(listMegabytes(memoryBytes), 0) : '–'),
      'told to come again, a sample': ({ kind, refused }) =>
        kind === 'ours' ? (refused() / (SAMPLES + 1)).toFixed(1) : '–',
    },
    rows: results,
    targets: [createTimeTarget(results), createMemoryTarget(results)],
    samples: Object.fromEntries(results.map(({ name, samples }) => [name, samples.milliseconds])),
  })
}

function createTimeTarget(results: readonly BatchResult[]): Target {
  return createTarget({
    target: `8 at once: at most ${MAX_SINGLE_RATIO} times as long as one picture`,
    value: computeRatioToOne(results, 'ours', EIGHT),
    digits: 2,
    suffix: ` where decoding alone is ${formatQuartiles(computeRatioToOne(results, 'decoding', EIGHT), 2)}`,
    atMost: MAX_SINGLE_RATIO,
  })
}

function createMemoryTarget(results: readonly BatchResult[]): Target {
  const memory = (kind: BatchVariant['kind'], batch: RequestBatch) =>
    computeQuartiles(listMegabytes(findResult(results, kind, batch).memoryBytes))
  const twenty = memory('ours', TWENTY)
  const seed = formatQuartiles(memory('seed', FORTY), 0)
  return createTarget({
    target: `memory is bounded whatever arrives: for 40 requests at most ${MAX_MEMORY_RATIO} times what 20 take`,
    value: memory('ours', FORTY),
    digits: 0,
    suffix: ` MB above idle after ${formatQuartiles(twenty, 0)}, where the seed has ${seed}`,
    atMost: MAX_MEMORY_RATIO * twenty.median,
  })
}

/** Returns how many times as long as a single image a batch takes, sample by sample. */
function computeRatioToOne(
  results: readonly BatchResult[],
  kind: BatchVariant['kind'],
  batch: RequestBatch,
): Quartiles {
  const milliseconds = (batch: RequestBatch) => findResult(results, kind, batch).samples.milliseconds
  return computeRatio(milliseconds(batch), milliseconds(ONE))
}

function findResult(results: readonly BatchResult[], kind: BatchVariant['kind'], batch: RequestBatch): BatchResult {
  const result = results.find(result => result.kind === kind && result.batch === batch)
  if (!result) throw new Error(`${kind} was not measured with ${batch.name}`)
  return result
}

/** Returns the memory of the counted runs, in MB. */
function listMegabytes(memoryBytes: readonly number[]): number[] {
  return memoryBytes.slice(1).map(bytes => bytes / MB)
}
