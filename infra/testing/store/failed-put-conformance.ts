import { expect, test } from 'bun:test'
import { createLazyStream, createRandomBytes, createStallingStream, createStream, createTestFile } from './streams.ts'
import { listKeys, neverAborted, type OpenStore, readBytes } from './test-store.ts'

const MIB = 1024 * 1024

/** Tests that a put that fails or is aborted leaves nothing. */
export function testFailedPut(name: string, open: OpenStore): void {
  test(`${name}: leaves nothing of a file that differs from its description or is aborted`, async () => {
    await using store = await open()
    await using file = await createTestFile(createRandomBytes(3 * MIB))
    const signal = AbortSignal.abort(new Error('lease lost'))
    await expect(store.put('a', file.body, { signal })).rejects.toThrow('lease lost')
    for (const wrong of [{ path: 'nowhere' }, { bytes: 2 * MIB }, { bytes: 4 * MIB }]) {
      await expect(store.put('a', { ...file.body, ...wrong }, { signal: neverAborted })).rejects.toThrow()
    }
    expect(await listKeys(store)).toEqual([])
  })

  test(`${name}: leaves nothing of a stream that fails, and keeps the previous object`, async () => {
    await using store = await open()
    const before = createRandomBytes(10)
    await store.put('old', before, { signal: neverAborted })
    for (const key of ['old', 'new']) {
      const broken = createStream([createRandomBytes(MIB), createRandomBytes(MIB)], new Error('the provider hung up'))
      await expect(store.put(key, broken, { signal: neverAborted })).rejects.toThrow('the provider hung up')
    }
    expect(await listKeys(store)).toEqual(['old'])
    expect(await readBytes((await store.get('old'))?.body)).toEqual(before)
  })

  test(`${name}: ends a put that waits for a stream when it is aborted, cancels the stream and leaves nothing`, async () => {
    await using store = await open()
    const stalled = createStallingStream(createRandomBytes(MIB))
    const controller = new AbortController()
    const putting = store.put('a', stalled.body, { signal: controller.signal })
    await stalled.pulledAgain
    expect([await store.head('a'), await listKeys(store)]).toEqual([null, []])
    controller.abort(new Error('lease lost'))
    await expect(putting).rejects.toThrow()
    await stalled.cancelled
    expect(await listKeys(store)).toEqual([])
  })

  test(`${name}: leaves nothing of a long stream that fails or is aborted in the middle`, async () => {
    await using store = await open()
    const broken = createLazyStream(13, () => createRandomBytes(MIB), new Error('the provider hung up'))
    await expect(store.put('a', broken, { signal: neverAborted })).rejects.toThrow('the provider hung up')
    const controller = new AbortController()
    let made = 0
    const aborted = createLazyStream(100, () => {
      made += 1
      if (made === 13) controller.abort(new Error('lease lost'))
      return createRandomBytes(MIB)
    })
    await expect(store.put('a', aborted, { signal: controller.signal })).rejects.toThrow('lease lost')
    expect(made).toBeLessThan(100)
    expect([await listKeys(store), await store.head('a')]).toEqual([[], null])
  })

  test(`${name}: does not start a put whose signal is aborted`, async () => {
    await using store = await open()
    const signal = AbortSignal.abort(new Error('lease lost'))
    await expect(store.put('a', createRandomBytes(10), { signal })).rejects.toThrow()
    await expect(store.put('a', createStream([createRandomBytes(10)]), { signal })).rejects.toThrow()
    expect(await listKeys(store)).toEqual([])
  })
}
