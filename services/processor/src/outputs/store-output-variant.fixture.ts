import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createImageDecoder } from '@darkroom/infra/images/decoder/image-decoder'
import { createLog } from '@darkroom/infra/log'
import { createByteBudget } from '@darkroom/infra/runtime/byte-budget'
import { openS3Store } from '@darkroom/infra/store/s3/s3'
import pLimit from 'p-limit'
import { openSpool } from './spool.ts'
import { type StoreOutputDeps, storeOutput } from './store-output.ts'

/**
 * A process for `bun run bench uploads` that stores outputs as the processor does: all of them once for each line on its
 * standard input, after which it writes a line. Its argument is JSON.
 */
const options: {
  /** URL of the outputs, without `/<index>`. */
  outputs: string
  /** Part of their keys. */
  name: string
  count: number
  concurrency: number
  memoryBytes: number
  s3: Parameters<typeof openS3Store>[0]
} = JSON.parse(process.argv[2] ?? '{}')

const neverAborted = new AbortController().signal
const directory = await mkdtemp(join(tmpdir(), 'darkroom-bench-'))
const limit = pLimit(options.concurrency)
const images = createImageDecoder({
  memoryBytes: 512 * 1024 * 1024,
  log: createLog({ service: 'bench', level: 'warn' }),
})
const deps: StoreOutputDeps = {
  images,
  store: openS3Store(options.s3),
  allowOrigins: [new URL(options.outputs).origin],
  budget: createByteBudget(options.memoryBytes),
  spool: await openSpool({ directory, hasMd5: true }),
}

process.stdout.write('ready\n')
for await (const _line of console) {
  const indices = Array.from({ length: options.count }, (_, index) => index)
  await Promise.all(indices.map(index => limit(() => storeOne(index))))
  process.stdout.write('done\n')
}
await images[Symbol.asyncDispose]()
await rm(directory, { recursive: true })

async function storeOne(index: number): Promise<void> {
  const output = { index, kind: 'url', url: `${options.outputs}/${index}`, expiresAt: null } as const
  await storeOutput(deps, { workspaceId: 'bench', generationId: options.name, attempt: 1 }, output, neverAborted)
}
