import { expect, test } from 'bun:test'
import { InvalidKeyError } from '../../src/store/store.ts'
import type { Limitation } from './limitations.ts'
import { createRandomBytes } from './streams.ts'
import { listKeys, neverAborted, type OpenStore } from './test-store.ts'

/** Tests which keys a list has. */
export function testList(name: string, open: OpenStore, limitations: readonly Limitation[]): void {
  test(`${name}: lists exactly the keys with a prefix`, async () => {
    await using store = await open()
    const keys = ['w/1/ref/a.png', 'w/1/ref/a.w320.webp', 'w/1/gen/0/0.png', 'w/10/ref/a.png', 'w/2/ref/a.png']
    for (const key of keys) await store.put(key, createRandomBytes(3), { signal: neverAborted })
    expect(await listKeys(store)).toEqual(keys.toSorted())
    expect(await listKeys(store, 'w/1/')).toEqual(keys.filter(key => key.startsWith('w/1/')).toSorted())
    expect(await listKeys(store, 'w/1')).toEqual(keys.filter(key => key.startsWith('w/1')).toSorted())
    expect(await listKeys(store, 'w/1/ref/a.')).toHaveLength(2)
    expect(await listKeys(store, 'nothing/')).toEqual([])
  })

  test(`${name}: lists the size and the time of an object`, async () => {
    await using store = await open()
    const before = Date.now()
    const { lastModified } = await store.put('w/1/ref/a.png', createRandomBytes(7), { signal: neverAborted })
    const [object] = await Array.fromAsync(store.list('w/1/'))
    expect(object).toMatchObject({ key: 'w/1/ref/a.png', bytes: 7 })
    // Some servers have whole seconds in a response to a put, and milliseconds in a list.
    expect(Math.abs((object?.lastModified.getTime() ?? 0) - lastModified.getTime())).toBeLessThanOrEqual(1_000)
    expect(object?.lastModified.getTime()).toBeGreaterThan(before - 2_000)
  })

  test(`${name}: removes nothing of puts that are under way`, async () => {
    await using store = await open()
    await store.put('w/1/ref/a.png', createRandomBytes(3), { signal: neverAborted })
    expect(await store.removeUnfinished(new Date(Date.now() + 60_000))).toBe(0)
    expect(await listKeys(store)).toEqual(['w/1/ref/a.png'])
  })

  if (limitations.includes('the order of keys')) return
  test(`${name}: lists in the order of the keys, from behind a key on`, async () => {
    await using store = await open()
    const keys = [
      'a/b.png',
      'a.png',
      'a-c.png',
      'a/b/c.png',
      'b.png',
      'B.png',
      'a/b.w320.webp',
      'a/b-c/d.png',
      'c/d.png',
    ]
    for (const key of keys) await store.put(key, createRandomBytes(3), { signal: neverAborted })
    const list = (prefix: string, after?: string) =>
      Array.fromAsync(store.list(prefix, after === undefined ? {} : { after }), ({ key }) => key)
    const sorted = keys.toSorted()
    expect(await list('')).toEqual(sorted)
    for (const after of [...keys, 'a/', 'a/b/', 'a/bb', 'zz']) {
      expect(await list('', after)).toEqual(sorted.filter(key => key > after))
      expect(await list('a/', after)).toEqual(sorted.filter(key => key > after && key.startsWith('a/')))
    }
  })

  test(`${name}: lists each key once over several pages`, async () => {
    await using store = await open()
    const keys = Array.from({ length: 1_100 }, (_, at) => `w/1/gen/${at % 7}/${at}.png`)
    for (let at = 0; at < keys.length; at += 50) {
      await Promise.all(
        keys.slice(at, at + 50).map(key => store.put(key, createRandomBytes(3), { signal: neverAborted })),
      )
    }
    await store.put('w/2/a.png', createRandomBytes(3), { signal: neverAborted })
    expect(await listKeys(store, 'w/1/')).toEqual(keys.toSorted())
  })
}

/** Tests that no operation accepts a key that could leave the store or collide with another. */
export function testInvalidKeys(name: string, open: OpenStore): void {
  for (const key of HOSTILE_KEYS) {
    test(`${name}: rejects the key ${JSON.stringify(key.slice(0, 30))}`, async () => {
      await using store = await open()
      for (const use of [store.get, store.head, store.remove]) await expect(use(key)).rejects.toThrow(InvalidKeyError)
      await expect(store.put(key, createRandomBytes(3), { signal: neverAborted })).rejects.toThrow(InvalidKeyError)
      expect(await listKeys(store)).toEqual([])
    })
  }
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
