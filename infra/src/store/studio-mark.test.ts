import { expect, test } from 'bun:test'
import { createTestDirectory } from '../../testing/test-resources.ts'
import { openDiskStore } from './disk.ts'
import { inspectStore, isSharedStore, markStore } from './studio-mark.ts'

const [ALICE, BOB] = ['01900000-0000-7000-8000-00000000000a', '01900000-0000-7000-8000-00000000000b']

test('an empty store belongs to the first studio that marks it, and stays its own', async () => {
  await using env = await openEnv()
  expect(await inspectStore(env.store, env.as(ALICE))).toEqual({ state: 'own', missing: 'studio-id' })
  expect(await env.listKeys()).toEqual([])
  for (let times = 0; times < 2; times++) expect(await markStore(env.store, env.as(ALICE))).toBe('own')
  expect(await env.listKeys()).toEqual(['studio-id'])
  expect(await env.read('studio-id')).toBe(ALICE)
  expect([await isSharedStore(env.store, ALICE), await isSharedStore(env.store, BOB)]).toEqual([false, true])
})

test('another studio in the same store is told from its mark, and neither has it to itself any more', async () => {
  await using env = await openEnv()
  await markStore(env.store, env.as(ALICE))
  for (let times = 0; times < 2; times++) expect(await markStore(env.store, env.as(BOB))).toBe('foreign')
  expect(await env.listKeys()).toEqual(['studio-id', `studio-id.${BOB}`])
  expect(await markStore(env.store, env.as(ALICE))).toBe('shared')
  expect([await isSharedStore(env.store, ALICE), await isSharedStore(env.store, BOB)]).toEqual([true, true])
})

test('a store without a mark is taken over if rows name most of its objects', async () => {
  await using env = await openEnv()
  const keys = ['w/1/gen/2/1/0.png', 'w/1/gen/2/1/1.png', 'w/1/ref/3.png']
  for (const key of keys) await env.store.put(key, new Uint8Array(1), { signal: env.signal })
  const options = (isNamed: boolean) => ({ ...env.as(ALICE), namesMost: async () => isNamed })
  expect(await markStore(env.store, options(false))).toBe('foreign')
  expect(await env.listKeys()).toEqual([`studio-id.${ALICE}`, ...keys])
  expect(await markStore(env.store, options(true))).toBe('own')
  expect(await env.read('studio-id')).toBe(ALICE)
})

async function openEnv() {
  const directory = await createTestDirectory()
  const store = await openDiskStore({ root: directory.path })
  return {
    store,
    signal: new AbortController().signal,
    as: (studioId: string) => ({ studioId, namesMost: async (keys: readonly string[]) => keys.length === 0 }),
    listKeys: () => Array.fromAsync(store.list(''), ({ key }) => key),
    read: async (key: string) => await new Response((await store.get(key))?.body).text(),
    [Symbol.asyncDispose]: () => directory[Symbol.asyncDispose](),
  }
}
