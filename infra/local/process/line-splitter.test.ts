import { expect, test } from 'bun:test'
import fc from 'fast-check'
import { watchMemory } from '../../testing/watch-memory.ts'
import { forEachLine } from './line-splitter.ts'

async function split(chunks: Iterable<Uint8Array>): Promise<string[]> {
  const lines: string[] = []
  const iterator = chunks[Symbol.iterator]()
  const stream = new ReadableStream<Uint8Array>({
    pull: controller => {
      const { done, value } = iterator.next()
      if (done) controller.close()
      else controller.enqueue(value)
    },
  })
  await forEachLine(stream, line => void lines.push(line))
  return lines
}

const encode = (text: string) => new TextEncoder().encode(text)

test('gives every line once, however the bytes are cut', async () => {
  const text = fc.string({ unit: 'grapheme', maxLength: 60 })
  await fc.assert(
    fc.asyncProperty(text, fc.integer({ min: 1, max: 9 }), async (content, length) => {
      const bytes = encode(content)
      const chunks = Array.from({ length: Math.ceil(bytes.length / length) }, (_, at) =>
        bytes.slice(at * length, (at + 1) * length),
      )
      expect(await split(chunks)).toEqual(
        content
          .replace(/\n$/, '')
          .split('\n')
          .slice(0, content === '' ? 0 : undefined),
      )
    }),
  )
})

test('of a giant line the end is dropped and counted, and the next line is whole', async () => {
  const megabyte = encode('x'.repeat(1024 * 1024))
  const memory = watchMemory()
  const lines = await split(
    (function* () {
      for (let count = 0; count < 256; count++) {
        memory.sample(megabyte.length)
        yield megabyte
      }
      yield encode('\nnext\n')
    })(),
  )
  expect(lines.map(line => line.length)).toEqual([expect.any(Number), 4])
  expect(lines[0]).toEndWith(`x … (${256 * 1024 * 1024 - 16 * 1024} more characters)`)
  expect(lines[0]?.length).toBeLessThan(17 * 1024)
  expect(memory.peak()).toBeLessThan(128 * 1024 * 1024)
})
