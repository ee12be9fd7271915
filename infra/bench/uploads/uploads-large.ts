import { join } from 'node:path'
import { BUCKET, LARGE, SERVER } from '../kit/image-files.ts'
import { interleave, type Measured } from '../kit/sampling.ts'
import { type ProcessArm, startArm } from './uploads-process.ts'

/** What an arm took of memory as well, round by round. */
export interface MeasuredMemory extends Measured {
  memoryBytes: number[]
}

const ARM = join(import.meta.dirname, 'uploads-variant.ts')
const KEEP_ARM = join(
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
/** As `UPLOAD_MEMORY_MB` is unless it is set. */
const MEMORY_BYTES = 64 * 1024 * 1024

/** Fetches and stores the large files, each way in a process of its own. */
export async function measureLarge(url: string, rounds: number): Promise<MeasuredMemory[]> {
  await using stack = new AsyncDisposableStack()
  const arms: ProcessArm[] = []
  for (const start of ARMS) arms.push(stack.use(await start(url)))
  const measured = await interleave(arms, rounds)
  // The first time is not counted.
  return measured.map((arm, at) => ({ ...arm, memoryBytes: arms[at]?.memoryBytes.slice(1) ?? [] }))
}

const ARMS: ((url: string) => Promise<ProcessArm>)[] = [
  url => startArm('sequential', ARM, 'seed', '1', url),
  url => startArm('seed, 3', ARM, 'seed', '3', url),
  url => startArm(`seed, ${LARGE.count}`, ARM, 'seed', String(LARGE.count), url),
  url => startOurs('ours, 3', 3, url),
  url => startOurs(`ours, ${LARGE.count}`, LARGE.count, url),
  url => startArm('floor', ARM, 'stream', String(LARGE.count), url),
]

async function startOurs(name: string, concurrency: number, url: string): Promise<ProcessArm> {
  const asked = {
    outputs: `${url}/provider/${LARGE.name}`,
    name: LARGE.name,
    count: LARGE.count,
    concurrency,
    memoryBytes: MEMORY_BYTES,
    s3: { ...SERVER, endpoint: url, bucket: BUCKET, forcePathStyle: true },
  }
  return await startArm(name, KEEP_ARM, JSON.stringify(asked))
}
