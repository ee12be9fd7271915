import { join } from 'node:path'
import { BUCKET, LARGE_FILES, S3_SETTINGS } from '../kit/image-files.ts'
import { interleave, type VariantSamples } from '../kit/sampling.ts'
import { type ProcessVariant, startProcessVariant } from './uploads-process.ts'

/** The measurements of a variant, with the memory of its process in each sample. */
export interface VariantMemorySamples extends VariantSamples {
  /** Peak above idle, in bytes. */
  memoryBytes: number[]
}

const UPLOAD_VARIANT = join(import.meta.dirname, 'uploads-variant.ts')
const STORE_OUTPUT_VARIANT = join(
  import.meta.dirname,
  '..',
  '..',
  '..',
  'services',
  'processor',
  'src',
  'outputs',
  'store-output-variant.fixture.ts',
)
/** Default of `UPLOAD_MEMORY_MB`. */
const MEMORY_BYTES = 64 * 1024 * 1024

/** Measures the large files, each variant in a process of its own. */
export async function measureLarge(url: string, samples: number): Promise<VariantMemorySamples[]> {
  await using stack = new AsyncDisposableStack()
  const variants: ProcessVariant[] = []
  for (const start of VARIANTS) variants.push(stack.use(await start(url)))
  const measured = await interleave(variants, samples)
  // The first run is not counted.
  return measured.map((variant, at) => ({ ...variant, memoryBytes: variants[at]?.memoryBytes.slice(1) ?? [] }))
}

const VARIANTS: ((url: string) => Promise<ProcessVariant>)[] = [
  url => startProcessVariant('sequential', UPLOAD_VARIANT, 'seed', '1', url),
  url => startProcessVariant('seed, 3', UPLOAD_VARIANT, 'seed', '3', url),
  url => startProcessVariant(`seed, ${LARGE_FILES.count}`, UPLOAD_VARIANT, 'seed', String(LARGE_FILES.count), url),
  url => startProcessorVariant('ours, 3', 3, url),
  url => startProcessorVariant(`ours, ${LARGE_FILES.count}`, LARGE_FILES.count, url),
  url => startProcessVariant('floor, checked', UPLOAD_VARIANT, 'file', String(LARGE_FILES.count), url),
  url => startProcessVariant('floor', UPLOAD_VARIANT, 'stream', String(LARGE_FILES.count), url),
]

async function startProcessorVariant(name: string, concurrency: number, url: string): Promise<ProcessVariant> {
  const options = {
    outputs: `${url}/provider/${LARGE_FILES.name}`,
    name: LARGE_FILES.name,
    count: LARGE_FILES.count,
    concurrency,
    memoryBytes: MEMORY_BYTES,
    s3: { ...S3_SETTINGS, endpoint: url, bucket: BUCKET, forcePathStyle: true },
  }
  return await startProcessVariant(name, STORE_OUTPUT_VARIANT, JSON.stringify(options))
}
