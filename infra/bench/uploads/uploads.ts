import { join } from 'node:path'
import { type FileSet, LARGE_FILES, PROVIDER_DELAY_MS, SMALL_FILES, STORE_DELAY_MS } from '../kit/image-files.ts'
import { startLineProcess } from '../kit/line-process.ts'
import { type BenchResult, buildResult, createTarget, type Target } from '../kit/report.ts'
import { findVariant, interleave, type Variant, type VariantSamples } from '../kit/sampling.ts'
import { computeQuartiles, computeRatio, formatQuartiles, formatSamples } from '../kit/statistics.ts'
import { measureLarge, type VariantMemorySamples } from './uploads-large.ts'
import {
  createFetchUpload,
  createPlainUpload,
  createSafeGetUpload,
  createSeedUpload,
  type Upload,
  uploadAll,
} from './uploads-variants.ts'

const SAMPLES = 15
const LARGE_SAMPLES = 11
const MIN_SEQUENTIAL_RATIO = 7
const MAX_FLOOR_RATIO = 1.3
const MAX_CHECKED_RATIO = 1.1
const MAX_MEMORY_MB = 100
const MB = 1e6

const METHOD = [
  `Outputs are fetched from a provider that takes ${PROVIDER_DELAY_MS} ms and put into a store that takes ${STORE_DELAY_MS} ms after the last byte:`,
  `${SMALL_FILES.count} of ${SMALL_FILES.bytes / MB} MB, then ${LARGE_FILES.count} of ${LARGE_FILES.bytes / MB} MB. The two are one process, on the machine that the variants run on. The store judges each`,
  'signature (SigV4) and the hash that was signed, and compares every byte.',
  '',
  '- **sequential**: one after the other; `PutObject` of the bytes by the SDK as it comes',
  '- **seed, 3** (and 8): the same, so many at a time by `p-limit`',
  '- **ours**, small: what the processor does but for decoding the picture: `safeGet`, then the s3 store, which compares the MD5 that',
  '  is answered with that of what it sent; so many at once',
  '- **ours**, large: all that the processor does: from `safeGet` to a file, hashed on the way; every box of the video looked at; the',
  '  file put as a stream whose hash is signed, the MD5 compared; within `UPLOAD_MEMORY_MB` of 64',
  `- **store, ${SMALL_FILES.count}**: as ours, small, with plain \`fetch\` in place of \`safeGet\``,
  '- **floor**: all at once by plain `fetch`, unsigned, the MD5 compared: what the two waits, the bytes and the check cost anyone; the',
  '  large ones straight from one to the other, kept and looked at nowhere',
  '- **floor, checked**: the large ones to a file by plain `fetch`, both hashes on the way, and the file put, unsigned, the MD5 compared',
  '',
  `${SAMPLES} samples, ${LARGE_SAMPLES} of the large files, the variants in turns. Numbers are medians, the middle half of the samples in brackets; ratios are of`,
  'the same sample. CPU is that of the uploading process. Each variant of the large files is a process of its own; memory is the most that it',
  'had resident during a sample, above what it had before it first ran.',
]

/** Measures fetching and storing outputs: the seed's way, ours, and the lower bound. */
export async function run(): Promise<BenchResult> {
  await using servers = await startLineProcess(join(import.meta.dirname, 'uploads-servers.ts'))
  const small = await interleave(createVariants(servers.firstLine), SAMPLES)
  const large = await measureLarge(servers.firstLine, LARGE_SAMPLES)
  return createReport(small, large)
}

function createVariants(url: string): Variant[] {
  return [
    createVariant('sequential', 1, createSeedUpload(url, SMALL_FILES)),
    createVariant('seed, 3', 3, createSeedUpload(url, SMALL_FILES)),
    createVariant('ours, 3', 3, createSafeGetUpload(url, SMALL_FILES)),
    createVariant(`ours, ${SMALL_FILES.count}`, SMALL_FILES.count, createSafeGetUpload(url, SMALL_FILES)),
    createVariant(`store, ${SMALL_FILES.count}`, SMALL_FILES.count, createFetchUpload(url, SMALL_FILES)),
    createVariant('floor', SMALL_FILES.count, createPlainUpload(url, SMALL_FILES)),
  ]
}

function createVariant(name: string, concurrency: number, upload: Upload): Variant {
  return { name, run: () => uploadAll(SMALL_FILES, concurrency, upload) }
}

interface Row {
  size: string
  variant: VariantSamples & Partial<VariantMemorySamples>
  /** The variants that it is compared with. */
  sequential: VariantSamples
  floor: VariantSamples
}

function createReport(small: readonly VariantSamples[], large: readonly VariantMemorySamples[]): BenchResult {
  return buildResult<Row>({
    title: 'Uploads',
    method: METHOD,
    columns: {
      variant: ({ size, variant }) => `${size}: ${variant.name}`,
      ms: ({ variant }) => formatSamples(variant.milliseconds, 0),
      'times as fast as sequential': ({ variant, sequential }) =>
        formatQuartiles(computeRatio(sequential.milliseconds, variant.milliseconds), 2),
      'times the floor': ({ variant, floor }) =>
        formatQuartiles(computeRatio(variant.milliseconds, floor.milliseconds), 2),
      'CPU ms': ({ variant }) => formatSamples(variant.cpuMilliseconds, 0),
      'memory, MB': ({ variant }) => (variant.memoryBytes ? formatSamples(listMegabytes(variant.memoryBytes), 0) : '–'),
    },
    rows: [...createRows(SMALL_FILES, small), ...createRows(LARGE_FILES, large)],
    targets: [
      ...createTimeTargets(SMALL_FILES, small),
      ...createTimeTargets(LARGE_FILES, large),
      createMemoryTarget(findVariant(large, `ours, ${LARGE_FILES.count}`)),
    ],
    samples: { ...listSamples('small', small), ...listSamples('large', large) },
  })
}

function createRows(files: FileSet, measured: readonly VariantSamples[]): Row[] {
  const [sequential, floor] = [findVariant(measured, 'sequential'), findVariant(measured, 'floor')]
  return measured.map(variant => ({ size: formatSize(files), variant, sequential, floor }))
}

function createTimeTargets(files: FileSet, measured: readonly VariantSamples[]): Target[] {
  const { milliseconds: sequential } = findVariant(measured, 'sequential')
  const { milliseconds: floor } = findVariant(measured, 'floor')
  const { milliseconds: ours } = findVariant(measured, `ours, ${files.count}`)
  const subject = `${formatSize(files)}, ${files.count} at once`
  return [
    createTarget({
      target: `${subject}: at least ${MIN_SEQUENTIAL_RATIO} times as fast as sequential`,
      value: computeRatio(sequential, ours),
      digits: 2,
      suffix: ` where the floor is ${formatQuartiles(computeRatio(sequential, floor), 2)}`,
      atLeast: MIN_SEQUENTIAL_RATIO,
    }),
    createTarget({
      target: `${subject}: at most ${MAX_FLOOR_RATIO} times the floor`,
      value: computeRatio(ours, floor),
      digits: 2,
      atMost: MAX_FLOOR_RATIO,
    }),
    ...measured
      .filter(({ name }) => name === 'floor, checked')
      .map(checked =>
        createTarget({
          target: `${subject}: at most ${MAX_CHECKED_RATIO} times the floor that does the same checked work`,
          value: computeRatio(ours, checked.milliseconds),
          digits: 2,
          atMost: MAX_CHECKED_RATIO,
        }),
      ),
  ]
}

function createMemoryTarget({ memoryBytes }: VariantMemorySamples): Target {
  return createTarget({
    target: `${formatSize(LARGE_FILES)}, ${LARGE_FILES.count} at once: at most ${MAX_MEMORY_MB} MB above idle`,
    value: computeQuartiles(listMegabytes(memoryBytes)),
    digits: 0,
    suffix: ' MB',
    atMost: MAX_MEMORY_MB,
  })
}

function listMegabytes(memoryBytes: readonly number[]): number[] {
  return memoryBytes.map(bytes => bytes / MB)
}

function listSamples(files: FileSet['name'], measured: readonly VariantSamples[]): Record<string, number[]> {
  return Object.fromEntries(measured.map(({ name, milliseconds }) => [`${files}: ${name}`, milliseconds]))
}

function formatSize({ count, bytes }: FileSet): string {
  return `${count} × ${bytes / MB} MB`
}
