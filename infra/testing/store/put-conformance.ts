import { expect, test } from 'bun:test'
import { createRandomBytes, createStream, createTestFile } from './streams.ts'
import { neverAborted, type OpenStore, readBytes } from './test-store.ts'

const MIB = 1024 * 1024

/** Tests that what is put is returned, whatever it is put as. */
export function testPut(name: string, open: OpenStore): void {
  test(`${name}: returns an object byte for byte`, async () => {
    await using store = await open()
    const bytes = createRandomBytes(100_000)
    expect(await store.put('w/1/a.png', bytes, { signal: neverAborted })).toMatchObject({ bytes: 100_000 })
    const found = await store.get('w/1/a.png')
    expect(found?.object.bytes).toBe(100_000)
    expect(await readBytes(found?.body)).toEqual(bytes)
    expect(await store.head('w/1/a.png')).toEqual({ bytes: 100_000, lastModified: expect.any(Date) })
    await store.ping()
  })

  test(`${name}: stores a stream of pieces of any size`, async () => {
    await using store = await open()
    const bytes = createRandomBytes(3 * MIB + 17)
    const pieces = [0, 1, 1, 65_536, 2 * MIB, bytes.length].map((from, at, all) =>
      bytes.subarray(all[at - 1] ?? 0, from),
    )
    expect(await store.put('a', createStream(pieces), { signal: neverAborted })).toMatchObject({ bytes: bytes.length })
    expect(await readBytes((await store.get('a'))?.body)).toEqual(bytes)
  })

  test(`${name}: stores a file and leaves the file in place`, async () => {
    await using store = await open()
    for (const size of [0, 1, 12 * MIB + 17]) {
      await using file = await createTestFile(createRandomBytes(size))
      expect(await store.put('a', file.body, { signal: neverAborted })).toMatchObject({ bytes: size })
      expect(await readBytes((await store.get('a'))?.body)).toEqual(file.bytes)
      expect(await Bun.file(file.body.path).bytes()).toEqual(file.bytes)
    }
  })

  test(`${name}: stores an empty object`, async () => {
    await using store = await open()
    await store.put('empty', new Uint8Array(), { signal: neverAborted })
    await store.put('streamed', createStream([]), { signal: neverAborted })
    for (const key of ['empty', 'streamed']) {
      expect(await store.head(key)).toMatchObject({ bytes: 0 })
      expect(await readBytes((await store.get(key))?.body)).toEqual(new Uint8Array())
    }
  })
}
