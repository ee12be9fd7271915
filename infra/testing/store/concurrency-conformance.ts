import { expect, test } from 'bun:test'
import { createStream } from './streams.ts'
import { listKeys, neverAborted, type OpenStore, readBytes } from './test-store.ts'

/** Tests that an object is replaced in one step. */
export function testConcurrency(name: string, open: OpenStore): void {
  test(`${name}: shows readers one whole version or another while an object is replaced`, async () => {
    await using store = await open()
    const versions = Array.from({ length: 24 }, (_, at) => new Uint8Array(200_000 + at * 10_000).fill(at))
    await store.put('a', versions[0] as Uint8Array, { signal: neverAborted })
    let writing = true
    const read = async () => {
      const seen = new Set<number>()
      while (writing) {
        const bytes = await readBytes((await store.get('a'))?.body)
        const version = bytes[0] ?? -1
        expect(bytes).toEqual(versions[version] as Uint8Array)
        seen.add(version)
      }
      return seen
    }
    const readers = [read(), read(), read()]
    for (const version of versions) await store.put('a', version, { signal: neverAborted })
    writing = false
    expect((await Promise.all(readers)).some(seen => seen.size > 1)).toBe(true)
  })

  test(`${name}: stores one whole object of several concurrent puts of a key`, async () => {
    await using store = await open()
    const versions = [1, 2, 3, 4].map(value => new Uint8Array(300_000).fill(value))
    await Promise.all(versions.map(version => store.put('a', createStream([version]), { signal: neverAborted })))
    const stored = await readBytes((await store.get('a'))?.body)
    expect(stored).toEqual(versions[(stored[0] ?? 0) - 1] as Uint8Array)
    expect(await listKeys(store)).toEqual(['a'])
  })
}
