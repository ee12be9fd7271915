import { expect, test } from 'bun:test'
import { watchMemory } from '../watch-memory.ts'
import { createLazyStream, createRandomBytes } from './streams.ts'
import { neverAborted, type OpenStore } from './test-store.ts'

const MIB = 1024 * 1024

/** Tests that a large object is streamed, not buffered. */
export function testMemory(name: string, open: OpenStore): void {
  test(`${name}: streams 100 MB in and out without buffering them`, async () => {
    await using store = await open()
    const memory = watchMemory()
    const sent = new Bun.CryptoHasher('sha256')
    const body = createLazyStream(100, () => {
      memory.sample(MIB)
      const chunk = createRandomBytes(MIB)
      sent.update(chunk)
      return chunk
    })
    await store.put('a', body, { signal: neverAborted })
    const received = new Bun.CryptoHasher('sha256')
    for await (const chunk of new Response((await store.get('a'))?.body).body ?? []) {
      memory.sample(chunk.length)
      received.update(chunk)
    }
    expect(received.digest('hex')).toBe(sent.digest('hex'))
    expect(memory.peak()).toBeLessThan(64 * MIB)
  })
}
