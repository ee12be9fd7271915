import { join } from 'node:path'
import type { FileBody } from '../../src/store/store.ts'
import { createTestDirectory } from '../test-resources.ts'

const MIB = 1024 * 1024

/** Creates random bytes. They repeat after 64 KiB, which makes them cheap. */
export function createRandomBytes(bytes: number): Uint8Array<ArrayBuffer> {
  const seed = crypto.getRandomValues(new Uint8Array(Math.min(bytes, 65_536)))
  const all = new Uint8Array(bytes)
  for (let at = 0; at < bytes; at += seed.length) all.set(seed.subarray(0, bytes - at), at)
  return all
}

/** Creates a stream of pieces that then ends or fails. */
export function createStream(pieces: Uint8Array[], error?: Error): ReadableStream<Uint8Array> {
  const left = [...pieces]
  return new ReadableStream({
    pull: controller => {
      const piece = left.shift()
      if (piece) controller.enqueue(piece)
      else if (error) controller.error(error)
      else controller.close()
    },
  })
}

/** Creates a stream of chunks that are made on demand, and that then ends or fails. */
export function createLazyStream(chunks: number, make: () => Uint8Array, error?: Error): ReadableStream<Uint8Array> {
  let made = 0
  return new ReadableStream({
    pull: controller => {
      controller.enqueue(make())
      made += 1
      if (made < chunks) return
      if (error) controller.error(error)
      else controller.close()
    },
  })
}

/** Creates a stream of one piece that then stalls. */
export function createStallingStream(piece: Uint8Array) {
  const pulledAgain = Promise.withResolvers<void>()
  const cancelled = Promise.withResolvers<void>()
  let isSent = false
  const body = new ReadableStream<Uint8Array>(
    {
      pull: controller => {
        if (isSent) {
          pulledAgain.resolve()
          return new Promise(() => {})
        }
        isSent = true
        controller.enqueue(piece)
        return undefined
      },
      cancel: () => cancelled.resolve(),
    },
    { highWaterMark: 0 },
  )
  return { body, pulledAgain: pulledAgain.promise, cancelled: cancelled.promise }
}

/** Creates a stream of MiB after MiB until it is cancelled. */
export function createEndlessStream() {
  const cancelled = Promise.withResolvers<void>()
  let bytesSent = 0
  const body = new ReadableStream<Uint8Array>({
    pull: controller => {
      bytesSent += MIB
      controller.enqueue(new Uint8Array(MIB))
    },
    cancel: () => cancelled.resolve(),
  })
  return { body, cancelled: cancelled.promise, bytesSent: () => bytesSent }
}

/** Creates a file with these bytes. Disposing of it removes it with its directory. */
export async function createTestFile(bytes: Uint8Array<ArrayBuffer>) {
  const directory = await createTestDirectory()
  const path = join(directory.path, 'file')
  await Bun.write(path, bytes)
  const sha256 = new Bun.CryptoHasher('sha256').update(bytes).digest('hex')
  const body: FileBody = { path, bytes: bytes.byteLength, sha256 }
  return { bytes, body, [Symbol.asyncDispose]: () => directory[Symbol.asyncDispose]() }
}
