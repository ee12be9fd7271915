import { expect, test } from 'bun:test'
import type { Limitation } from './limitations.ts'
import { createRandomBytes } from './streams.ts'
import { listKeys, neverAborted, type OpenStore, readBytes } from './test-store.ts'

/** Tests ranges, missing objects and removal. */
export function testGetAndRemove(name: string, open: OpenStore, limitations: readonly Limitation[]): void {
  test(`${name}: returns any range of an object with its full size`, async () => {
    await using store = await open()
    const bytes = createRandomBytes(1_000)
    await store.put('a', bytes, { signal: neverAborted })
    const first = limitations.includes('the first byte alone') ? 1 : 0
    for (const [start, end] of [
      [0, first],
      [0, 999],
      [10, 19],
      [999, 999],
      [990, 5_000],
    ] as const) {
      const found = await store.get('a', { range: { start, end } })
      expect(found?.object.bytes).toBe(1_000)
      expect(await readBytes(found?.body)).toEqual(bytes.subarray(start, end + 1))
    }
  })

  test(`${name}: returns null for a missing object and removes it without an error`, async () => {
    await using store = await open()
    expect([await store.get('a/b'), await store.head('a/b')]).toEqual([null, null])
    await store.remove('a/b')
    await store.put('a/b', createRandomBytes(10), { signal: neverAborted })
    expect(await store.head('a')).toBeNull()
    await store.remove('a/b')
    await store.remove('a/b')
    expect([await store.get('a/b'), await store.head('a/b'), await listKeys(store)]).toEqual([null, null, []])
  })

  test(`${name}: does not remove an object once the signal is aborted`, async () => {
    await using store = await open()
    await store.put('a', createRandomBytes(10), { signal: neverAborted })
    const reason = new Error('too late')
    await expect(store.remove('a', { signal: AbortSignal.abort(reason) })).rejects.toBe(reason)
    expect(await store.head('a')).not.toBeNull()
  })
}
