import { createImageDecoder, type ImageDecoder } from '../src/images/decoder/image-decoder.ts'
import { createLog } from '../src/log.ts'

/** Opens an image decoder for tests. Disposing of it ends its processes. */
export function openTestDecoder(options: Partial<Parameters<typeof createImageDecoder>[0]> = {}): ImageDecoder {
  const log = createLog({ service: 'test', level: 'silent' })
  return createImageDecoder({ memoryBytes: 512 * 1024 * 1024, slots: 2, log, ...options })
}
