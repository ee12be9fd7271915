import { expect, test } from 'bun:test'
import { readStream } from './read-stream.ts'

const neverAborted = new AbortController().signal

test('yields every chunk of a stream, and none of an empty one', async () => {
  const chunks = [Uint8Array.of(1), Uint8Array.of(), Uint8Array.of(2, 3)]
  expect(await Array.fromAsync(readStream(createSource(chunks).body, neverAborted))).toEqual(chunks)
  expect(await Array.fromAsync(readStream(createSource([]).body, neverAborted))).toEqual([])
})

test('an abort cancels a stream that has stalled, with its own reason', async () => {
  const source = createSource([Uint8Array.of(1)], 'stall')
  const controller = new AbortController()
  const reading = Array.fromAsync(readStream(source.body, controller.signal))
  controller.abort(new Error('no longer needed'))
  await expect(reading).rejects.toThrow('no longer needed')
  expect(await source.cancelled).toEqual(new Error('no longer needed'))
})

test('a signal that is aborted already cancels the stream unread', async () => {
  const source = createSource([], 'stall')
  const reading = Array.fromAsync(readStream(source.body, AbortSignal.abort(new Error('too late'))))
  await expect(reading).rejects.toThrow('too late')
  await source.cancelled
})

test('leaving the loop cancels the stream', async () => {
  const source = createSource([Uint8Array.of(1), Uint8Array.of(2)], 'stall')
  for await (const chunk of readStream(source.body, neverAborted)) {
    expect(chunk).toEqual(Uint8Array.of(1))
    break
  }
  await source.cancelled
})

test('throws what the stream throws', async () => {
  const broken = new ReadableStream<Uint8Array>({ pull: controller => controller.error(new Error('broken off')) })
  await expect(Array.fromAsync(readStream(broken, neverAborted))).rejects.toThrow('broken off')
})

function createSource(chunks: Uint8Array[], end: 'close' | 'stall' = 'close') {
  const { promise: cancelled, resolve } = Promise.withResolvers<unknown>()
  const body = new ReadableStream<Uint8Array>({
    start: controller => {
      for (const chunk of chunks) controller.enqueue(chunk)
      if (end === 'close') controller.close()
    },
    cancel: resolve,
  })
  return { body, cancelled }
}
