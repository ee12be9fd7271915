import { setPriority } from 'node:os'
import { join } from 'node:path'
import { readFrames, sendFrame } from '@darkroom/infra/images/decoder/frames'
import { endWithParent } from '@darkroom/infra/images/decoder/parent-death'
import { preferForOutOfMemory } from '@darkroom/infra/images/decoder/serve-operations'
import sharp from 'sharp'
import { createNetwork, type Network } from './network.ts'
import { readNetworkFiles } from './network-files.ts'
import { MAX_BODY_BYTES, type Scale, type UpscaleRequest, type UpscaleResponse } from './protocol.ts'
import { openTensorFlow } from './tensorflow.ts'
import { upscaleImage } from './upscale-image.ts'

/**
 * The upscaler's process: the processor starts it and gives it the folder of the packages. It serves requests that arrive on standard
 * input until that ends, and ends then at once, in the middle of one as well.
 */

const NICENESS = 10

endWithParent()
preferForOutOfMemory()
setPriority(NICENESS)
sharp.concurrency(1)
sharp.cache(false)

const directory = process.argv[2] ?? ''
const networks = new Map<Scale, Network>()
const tf = await openTensorFlow(directory)
const output = Bun.stdout.writer()
await respond({ kind: 'ready' })
// Requests are not waited for here: the end of the input is noticed while one is worked on.
for await (const { header, body } of readFrames(Bun.stdin.stream(), MAX_BODY_BYTES))
  void serve(header as UpscaleRequest, body)
process.kill(process.pid, 'SIGKILL')

async function serve({ scale }: UpscaleRequest, bytes: Uint8Array): Promise<void> {
  try {
    const result = await upscaleImage(await openNetwork(scale), bytes, scale, reportProgress)
    // The pixels are garbage by now, which is outside the heap.
    Bun.gc(true)
    await respond({ kind: 'done' }, result)
  } catch (error) {
    await respond({ kind: 'failed', message: error instanceof Error ? error.message : String(error) })
  }
  Bun.gc(true)
}

async function openNetwork(scale: Scale): Promise<Network> {
  const files = join(directory, 'node_modules', '@upscalerjs', 'esrgan-slim', 'models', `x${scale}`)
  const network = networks.get(scale) ?? createNetwork(tf, await readNetworkFiles(files), scale)
  networks.set(scale, network)
  return network
}

/** Reports progress, and lets the process notice what has arrived. The numbers of a tile are garbage by then, outside the heap. */
async function reportProgress(share: number): Promise<void> {
  Bun.gc(true)
  await respond({ kind: 'progress', share })
  await new Promise(setImmediate)
}

async function respond(response: UpscaleResponse, body: Uint8Array = new Uint8Array()): Promise<void> {
  await sendFrame(output, response, body)
}
