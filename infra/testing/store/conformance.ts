import { expect, test } from 'bun:test'
import { InvalidKeyError, type Store } from '../../src/store/store.ts'
import { createLazyStream, createRandomBytes, createStallingStream, createStream, createTestFile } from './streams.ts'

const MIB = 1024 * 1024
const neverAborted = new AbortController().signal

/** What a server that stands in for a store's may be unable to do. The store itself may lack nothing. */
export type Limitation =
  | 'writes in one step' // it writes over what is being read
  | 'the first byte alone' // it takes the range 0-0 for none
  | 'pages in order' // what comes after a page may lie before it

/**
 * What must be true of every store, whatever it keeps its objects in.
 *
 * @param open gives an empty one, which is disposed of
 * @param limitations what is not asked of it
 */
export function testStoreConformance(
  name: string,
  open: () => Promise<Store & AsyncDisposable>,
  limitations: readonly Limitation[] = [],
): void {
  test(`${name}: what was put is there, byte for byte`, async () => {
    await using store = await open()
    const bytes = createRandomBytes(100_000)
    expect(await store.put('w/1/a.png', bytes, { signal: neverAborted })).toMatchObject({ bytes: 100_000 })
    const found = await store.get('w/1/a.png')
    expect(found?.object.bytes).toBe(100_000)
    expect(await readBytes(found?.body)).toEqual(bytes)
    expect(await store.head('w/1/a.png')).toEqual({ bytes: 100_000, lastModified: expect.any(Date) })
    await store.ping()
  })

  test(`${name}: what comes as a stream is kept whole`, async () => {
    await using store = await open()
    const bytes = createRandomBytes(3 * MIB + 17)
    const pieces = [0, 1, 1, 65_536, 2 * MIB, bytes.length].map((from, at, all) =>
      bytes.subarray(all[at - 1] ?? 0, from),
    )
    expect(await store.put('a', createStream(pieces), { signal: neverAborted })).toMatchObject({ bytes: bytes.length })
    expect(await readBytes((await store.get('a'))?.body)).toEqual(bytes)
  })

  test(`${name}: a file is kept whole, and is still there`, async () => {
    await using store = await open()
    for (const size of [0, 1, 12 * MIB + 17]) {
      await using file = await createTestFile(createRandomBytes(size))
      expect(await store.put('a', file.body, { signal: neverAborted })).toMatchObject({ bytes: size })
      expect(await readBytes((await store.get('a'))?.body)).toEqual(file.bytes)
      expect(await Bun.file(file.body.path).bytes()).toEqual(file.bytes)
    }
  })

  test(`${name}: a file that is not what it is said to be, or that is wanted no more, leaves nothing`, async () => {
    await using store = await open()
    await using file = await createTestFile(createRandomBytes(3 * MIB))
    const signal = AbortSignal.abort(new Error('lease lost'))
    await expect(store.put('a', file.body, { signal })).rejects.toThrow('lease lost')
    for (const wrong of [{ path: 'nowhere' }, { bytes: 2 * MIB }, { bytes: 4 * MIB }]) {
      await expect(store.put('a', { ...file.body, ...wrong }, { signal: neverAborted })).rejects.toThrow()
    }
    expect(await listKeys(store)).toEqual([])
  }, 30_000)

  test(`${name}: nothing is an object too`, async () => {
    await using store = await open()
    await store.put('empty', new Uint8Array(), { signal: neverAborted })
    await store.put('streamed', createStream([]), { signal: neverAborted })
    for (const key of ['empty', 'streamed']) {
      expect(await store.head(key)).toMatchObject({ bytes: 0 })
      expect(await readBytes((await store.get(key))?.body)).toEqual(new Uint8Array())
    }
  })

  test(`${name}: of an object any part can be had, with its whole size beside it`, async () => {
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

  test(`${name}: what is not there is null, and can be removed`, async () => {
    await using store = await open()
    expect([await store.get('a/b'), await store.head('a/b')]).toEqual([null, null])
    await store.remove('a/b')
    await store.put('a/b', createRandomBytes(10), { signal: neverAborted })
    expect(await store.head('a')).toBeNull()
    await store.remove('a/b')
    await store.remove('a/b')
    expect([await store.get('a/b'), await store.head('a/b'), await listKeys(store)]).toEqual([null, null, []])
  })

  test(`${name}: what is no longer to be removed stays`, async () => {
    await using store = await open()
    await store.put('a', createRandomBytes(10), { signal: neverAborted })
    const reason = new Error('too late')
    await expect(store.remove('a', { signal: AbortSignal.abort(reason) })).rejects.toBe(reason)
    expect(await store.head('a')).not.toBeNull()
  })

  test(`${name}: a list has every key that begins so, and no other`, async () => {
    await using store = await open()
    const keys = ['w/1/ref/a.png', 'w/1/ref/a.w320.webp', 'w/1/gen/0/0.png', 'w/10/ref/a.png', 'w/2/ref/a.png']
    for (const key of keys) await store.put(key, createRandomBytes(3), { signal: neverAborted })
    expect(await listKeys(store)).toEqual(keys.toSorted())
    expect(await listKeys(store, 'w/1/')).toEqual(keys.filter(key => key.startsWith('w/1/')).toSorted())
    expect(await listKeys(store, 'w/1')).toEqual(keys.filter(key => key.startsWith('w/1')).toSorted())
    expect(await listKeys(store, 'w/1/ref/a.')).toHaveLength(2)
    expect(await listKeys(store, 'nothing/')).toEqual([])
  })

  if (!limitations.includes('pages in order')) {
    test(`${name}: a list of more keys than fit a page has each of them once`, async () => {
      await using store = await open()
      const keys = Array.from({ length: 1_100 }, (_, at) => `w/1/gen/${at % 7}/${at}.png`)
      for (let at = 0; at < keys.length; at += 50) {
        await Promise.all(
          keys.slice(at, at + 50).map(key => store.put(key, createRandomBytes(3), { signal: neverAborted })),
        )
      }
      await store.put('w/2/a.png', createRandomBytes(3), { signal: neverAborted })
      expect(await listKeys(store, 'w/1/')).toEqual(keys.toSorted())
    }, 20_000)
  }

  for (const key of HOSTILE_KEYS) {
    test(`${name}: ${JSON.stringify(key.slice(0, 30))} is no key`, async () => {
      await using store = await open()
      for (const use of [store.get, store.head, store.remove]) await expect(use(key)).rejects.toThrow(InvalidKeyError)
      await expect(store.put(key, createRandomBytes(3), { signal: neverAborted })).rejects.toThrow(InvalidKeyError)
      expect(await listKeys(store)).toEqual([])
    })
  }

  test(`${name}: a stream that breaks leaves nothing, and what was there before stays`, async () => {
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

  test(`${name}: an abort ends a put that waits for a stream, lets go of the stream and leaves nothing`, async () => {
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

  test(`${name}: a long stream that breaks, or is aborted in the middle, leaves nothing`, async () => {
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

  test(`${name}: what was aborted before it began is not begun`, async () => {
    await using store = await open()
    const signal = AbortSignal.abort(new Error('lease lost'))
    await expect(store.put('a', createRandomBytes(10), { signal })).rejects.toThrow()
    await expect(store.put('a', createStream([createRandomBytes(10)]), { signal })).rejects.toThrow()
    expect(await listKeys(store)).toEqual([])
  })

  if (!limitations.includes('writes in one step')) {
    test(`${name}: whoever reads while it is put anew sees one whole version or another`, async () => {
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

    test(`${name}: of two that put the same key at once one wins, whole`, async () => {
      await using store = await open()
      const versions = [1, 2, 3, 4].map(value => new Uint8Array(300_000).fill(value))
      await Promise.all(versions.map(version => store.put('a', createStream([version]), { signal: neverAborted })))
      const stored = await readBytes((await store.get('a'))?.body)
      expect(stored).toEqual(versions[(stored[0] ?? 0) - 1] as Uint8Array)
      expect(await listKeys(store)).toEqual(['a'])
    })
  }

  test(`${name}: 100 MB go in and out without being held in memory`, async () => {
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
  }, 30_000)
}

const HOSTILE_KEYS = [
  '',
  '.',
  '..',
  '../a',
  'a/../b',
  'a/..',
  '/a',
  '/etc/passwd',
  'a//b',
  'a/',
  './a',
  'a/./b',
  '.hidden',
  'a/.hidden',
  'a..b',
  'a\\..\\b',
  'a b',
  'a\0b',
  'a\nb',
  'ä',
  '%2e%2e/a',
  'C:a',
  '~/a',
  'x'.repeat(513),
]

async function listKeys(store: Store, prefix = ''): Promise<string[]> {
  return (await Array.fromAsync(store.list(prefix))).toSorted()
}

async function readBytes(body: Blob | ReadableStream<Uint8Array> | undefined): Promise<Uint8Array> {
  return await new Response(body).bytes()
}

/** How much more memory the process has than it had, at most. */
function watchMemory() {
  Bun.gc(true)
  const before = process.memoryUsage.rss()
  let passed = 0
  let peak = 0
  const sample = (bytes: number) => {
    passed += bytes
    // What is only waiting to be collected is not held.
    if (passed % (16 * MIB) < bytes) Bun.gc(true)
    peak = Math.max(peak, process.memoryUsage.rss() - before)
  }
  return { sample, peak: () => peak }
}
