import { REFERENCE_LIMITS } from '../../src/images/check-image.ts'
import { createImageDecoder } from '../../src/images/decoder/image-decoder.ts'
import { createLog } from '../../src/log.ts'
import { createPhotograph } from '../kit/photograph.ts'
import { AT_ONCE, findImageSet } from './image-sets.ts'

/**
 * The decoder of ingest and the processor with its processes: each image checked, its previews and its placeholder made. `bun
 * images-ours.ts <set>` writes a line when it is ready; for each line that it reads it does this to `AT_ONCE` images at once, and
 * then writes how many previews there are.
 */

const MEMORY_BYTES = 512 * 1024 * 1024

const image = await createPhotograph(findImageSet(process.argv[2]))
const decoder = createImageDecoder({ memoryBytes: MEMORY_BYTES, log: createLog({ service: 'bench', level: 'silent' }) })
const { signal } = new AbortController()

process.stdout.write('ready\n')
for await (const _ of console) {
  const reading = Array.from({ length: AT_ONCE }, () => decoder.read(image, REFERENCE_LIMITS, { signal }))
  const read = await Promise.all(reading)
  process.stdout.write(`${read.flatMap(({ previews }) => previews).length}\n`)
}
