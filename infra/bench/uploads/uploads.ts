import { loadavg } from 'node:os'
import { join } from 'node:path'
import { LARGE_FILES, PROVIDER_DELAY_MS, SMALL_FILES, STORE_DELAY_MS } from '../kit/image-files.ts'
import { describeMachine, type Report } from '../kit/report.ts'
import {
  computeQuartiles,
  computeRatio,
  interleave,
  type Quartiles,
  type Variant,
  type VariantSamples,
} from '../kit/sampling.ts'
import { measureLarge } from './uploads-large.ts'
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
  '',
  `${SAMPLES} samples, ${LARGE_SAMPLES} of the large files, the variants in turns. Numbers are medians, the middle half of the samples in brackets; ratios are of`,
  'the same sample. CPU is that of the uploading process. Each variant of the large files is a process of its own; memory is the most that it',
  'had resident during a sample, above what it had before it first ran.',
]

/** Fetching outputs and storing them: the seed's way, ours, and what nobody can do without. */
export async function run(): Promise<Report> {
  const [load = 0] = loadavg()
  await using servers = await startServers()
  const small = await interleave(createVariants(servers.url), SAMPLES)
  const large = await measureLarge(servers.url, LARGE_SAMPLES)
  return {
    title: 'Uploads',
    method: [...METHOD, '', `Before it began ${load.toFixed(1)} processes wanted to run, on average over a minute.`],
    machine: describeMachine(),
    columns: ['variant', 'ms', 'times as fast as sequential', 'times the floor', 'CPU ms', 'memory, MB'],
    rows: [
      ...toRows(formatSize(SMALL_FILES), small, () => '–'),
      ...toRows(formatSize(LARGE_FILES), large, (_, at) => formatQuartiles(computeMemoryQuartiles(large[at]), 0)),
    ],
    targets: [
      ...createTargets(formatSize(SMALL_FILES), small, SMALL_FILES.count),
      ...createTargets(formatSize(LARGE_FILES), large, LARGE_FILES.count),
      createMemoryTarget(computeMemoryQuartiles(large.find(({ name }) => name === `ours, ${LARGE_FILES.count}`))),
    ],
    rounds: { ...toSamples('small', small), ...toSamples('large', large) },
  }
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

function toRows(
  size: string,
  measured: readonly VariantSamples[],
  memory: (variant: VariantSamples, at: number) => string,
): string[][] {
  const [sequential, floor] = [findVariant(measured, 'sequential'), findVariant(measured, 'floor')]
  return measured.map((variant, at) => [
    `${size}: ${variant.name}`,
    formatQuartiles(computeQuartiles(variant.milliseconds), 0),
    formatQuartiles(computeRatio(sequential, variant), 2),
    formatQuartiles(computeRatio(variant, floor), 2),
    formatQuartiles(computeQuartiles(variant.cpuMilliseconds), 0),
    memory(variant, at),
  ])
}

function createTargets(size: string, measured: readonly VariantSamples[], count: number): Report['targets'] {
  const [sequential, floor] = [findVariant(measured, 'sequential'), findVariant(measured, 'floor')]
  const ours = findVariant(measured, `ours, ${count}`)
  const [speedUp, floorSpeedUp, overFloor] = [
    computeRatio(sequential, ours),
    computeRatio(sequential, floor),
    computeRatio(ours, floor),
  ]
  return [
    {
      target: `${size}, ${count} at once: at least ${MIN_SEQUENTIAL_RATIO} times as fast as sequential`,
      reached: `${formatQuartiles(speedUp, 2)} where the floor is ${formatQuartiles(floorSpeedUp, 2)}`,
      met: speedUp.median >= MIN_SEQUENTIAL_RATIO,
    },
    {
      target: `${size}, ${count} at once: at most ${MAX_FLOOR_RATIO} times the floor`,
      reached: formatQuartiles(overFloor, 2),
      met: overFloor.median <= MAX_FLOOR_RATIO,
    },
  ]
}

function createMemoryTarget(memory: Quartiles): Report['targets'][number] {
  return {
    target: `${formatSize(LARGE_FILES)}, ${LARGE_FILES.count} at once: at most ${MAX_MEMORY_MB} MB above idle`,
    reached: `${formatQuartiles(memory, 0)} MB`,
    met: memory.median <= MAX_MEMORY_MB,
  }
}

function computeMemoryQuartiles(variant: { memoryBytes: readonly number[] } | undefined): Quartiles {
  return computeQuartiles((variant?.memoryBytes ?? []).map(bytes => bytes / MB))
}

function toSamples(name: string, measured: readonly VariantSamples[]): Report['rounds'] {
  return Object.fromEntries(measured.map(variant => [`${name}: ${variant.name}`, variant.milliseconds.map(Math.round)]))
}

function findVariant(measured: readonly VariantSamples[], name: string): VariantSamples {
  const variant = measured.find(variant => variant.name === name)
  if (!variant) throw new Error(`there is no variant ${name}`)
  return variant
}

function formatSize({ count, bytes }: typeof SMALL_FILES): string {
  return `${count} × ${bytes / MB} MB`
}

async function startServers(): Promise<{ url: string } & AsyncDisposable> {
  const child = Bun.spawn([process.execPath, join(import.meta.dirname, 'uploads-servers.ts')], {
    stdin: 'ignore',
    stdout: 'pipe',
  })
  const stop = async () => {
    child.kill()
    await child.exited
  }
  const line = await child.stdout.getReader().read()
  return { url: new TextDecoder().decode(line.value).trim(), [Symbol.asyncDispose]: stop }
}

function formatQuartiles({ median, low, high }: Quartiles, digits: number): string {
  return `${median.toFixed(digits)} (${low.toFixed(digits)}–${high.toFixed(digits)})`
}
