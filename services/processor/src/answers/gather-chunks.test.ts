import { expect, test } from 'bun:test'
import { setImmediate } from 'node:timers/promises'
import { gatherChunks } from './gather-chunks.ts'

const MAX_BYTES = 8

test('yields what arrived while its consumer was at work as one chunk, and reads no further ahead than it may', async () => {
  let sent = 0
  const gathered: number[][] = []
  for await (const chunk of gatherChunks(
    send(20, () => sent++),
    MAX_BYTES,
  )) {
    gathered.push([...chunk])
    for (let turn = 0; turn < 5; turn++) await setImmediate()
    const ahead = sent - gathered.flat().length
    expect(ahead).toBeLessThanOrEqual(MAX_BYTES + 1)
  }
  expect(gathered.flat()).toEqual(Array.from({ length: 20 }, (_, n) => n))
  expect(gathered.length).toBeLessThan(10)
})

test('throws the error of its source after all that arrived before it', async () => {
  const source = async function* () {
    yield* send(3, () => {})
    throw new Error('cut off')
  }
  const got: number[] = []
  const reading = (async () => {
    for await (const chunk of gatherChunks(source(), MAX_BYTES)) got.push(...chunk)
  })()
  expect(await reading.catch(error => error.message)).toBe('cut off')
  expect(got).toEqual([0, 1, 2])
})

test('ends its source when its consumer leaves', async () => {
  let isEnded = false
  const source = async function* () {
    try {
      for (;;) yield* send(1, () => {})
    } finally {
      isEnded = true
    }
  }
  for await (const _ of gatherChunks(source(), MAX_BYTES)) break
  expect(isEnded).toBe(true)
})

async function* send(count: number, onSent: () => void): AsyncGenerator<Uint8Array> {
  for (let n = 0; n < count; n++) {
    onSent()
    yield Uint8Array.of(n)
  }
}
