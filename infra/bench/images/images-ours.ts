import { REFERENCE_LIMITS } from '../../src/images/check-image.ts'
import { createImageDecoder } from '../../src/images/decoder/image-decoder.ts'
import { createLog } from '../../src/log.ts'
import { AT_ONCE, openSource } from './image-sets.ts'

/**
 * The decoder of ingest and the processor with its processes: each image checked, its previews and its placeholder made. `bun
 * images-ours.ts <path> <memory|file>` writes a line when it is ready; for each line that it reads it does this to `AT_ONCE` images at once, and
 * then writes how many previews there are.
 */

const MEMORY_BYTES = 512 * 1024 * 1024

const [, , path = '', source = ''] = process.argv
const image = await openSource(path, source)
const decoder = createImageDecoder({ memoryBytes: MEMORY_BYTES, log: createLog({ service: 'bench', level: 'silent' }) })
const { signal } = new AbortController()

process.stdout.write('ready\n')
for await (const _ of console) {
  const reading = Array.from({ length: AT_ONCE }, () => decoder.read(image, REFERENCE_LIMITS, { signal }))
  const read = await Promise.all(reading)
  process.stdout.write(`${read.flatMap(({ previews }) => previews).length}\n`)
}
