import { MediaError } from '../media-error.ts'
import type { MediaInput } from '../media-input.ts'
import { type Behavior, readBehavior } from './hostile-image.fixture.ts'
import { serveOperations } from './serve-operations.ts'

/** A decoder process that behaves as if each image had taken it over, in the way that `makeHostileImage` chose. */

const GROWTH_BYTES = 32 * 1024 * 1024
const VALUE = { mimeType: 'image/png', extension: 'png', width: 1, height: 1 }
const forever = new Promise(() => {})

const RUN: Record<Behavior, () => unknown> = {
  respond: () => Bun.sleep(5),
  /** Occupies the only thread: not even the end of the input is noticed. */
  spin: () => {
    for (;;);
  },
  wait: () => forever,
  /** Works on a thread of its own, as decoders do. */
  'spin-beside': () => {
    new Worker(URL.createObjectURL(new Blob(['for (;;);'])))
    return forever
  },
  crash: () => process.kill(process.pid, 'SIGSEGV'),
  garble: () => process.stdout.write('something that a library prints'),
  grow: async () => {
    for (const chunks: Uint8Array[] = []; ; chunks.push(new Uint8Array(GROWTH_BYTES).fill(1))) await Bun.sleep(1)
  },
  lie: () => ({ ...VALUE, extension: '../../../etc/passwd' }),
  refuse: () => {
    throw new MediaError('damaged', 'is refused')
  },
  fail: () => {
    throw new Error('no such thing')
  },
}

const validate = async (input: MediaInput) => {
  const behavior = (input instanceof Uint8Array && readBehavior(input)) || 'respond'
  return (await RUN[behavior]()) ?? VALUE
}

await serveOperations({ validate })
