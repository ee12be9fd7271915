import { expect, test } from 'bun:test'
import { mkdir, readdir, stat, utimes } from 'node:fs/promises'
import { join, relative } from 'node:path'
import { testStoreConformance } from '../../testing/store/conformance.ts'
import { createTestDirectory } from '../../testing/test-resources.ts'
import { openDiskStore } from './disk.ts'

const signal = new AbortController().signal

testStoreConformance('disk', async () => {
  const directory = await createTestDirectory()
  const store = await openDiskStore({ root: join(directory.path, 'objects') })
  return { ...store, [Symbol.asyncDispose]: () => directory[Symbol.asyncDispose]() }
})

test('a put that fails leaves no file, whole or partial', async () => {
  await using directory = await createTestDirectory()
  const store = await openDiskStore({ root: directory.path })
  const broken = new ReadableStream<Uint8Array>({
    pull: controller => {
      controller.enqueue(new Uint8Array(1_000))
      controller.error(new Error('no'))
    },
  })
  await expect(store.put('a/b', broken, { signal })).rejects.toThrow('no')
  expect(await listFiles(directory.path)).toEqual([])
})

test('rejects a key below an existing object, which stays as it was', async () => {
  await using directory = await createTestDirectory()
  const store = await openDiskStore({ root: directory.path })
  await store.put('a', new Uint8Array(3), { signal })
  await expect(store.put('a/b', new Uint8Array(5), { signal })).rejects.toThrow()
  expect([await store.head('a/b'), await store.get('a/b')]).toEqual([null, null])
  expect(await listFiles(directory.path)).toEqual(['a'])
})

test('objects and folders are readable by their owner only', async () => {
  await using directory = await createTestDirectory()
  const store = await openDiskStore({ root: join(directory.path, 'objects') })
  await store.put('a/b', new Uint8Array(3), { signal })
  const modes = ['objects', 'objects/a', 'objects/a/b'].map(
    async path => (await stat(join(directory.path, path))).mode & 0o777,
  )
  expect(await Promise.all(modes)).toEqual([0o700, 0o700, 0o600])
})

for (const [name, spell] of [
  ['relative to the working directory', (path: string) => relative(process.cwd(), path)],
  ['with a trailing slash', (path: string) => `${path}/`],
  ['with redundant segments', (path: string) => `${path}/x/..//.`],
] as const) {
  test(`a root given ${name} has the same keys`, async () => {
    await using directory = await createTestDirectory()
    await mkdir(join(directory.path, 'x'))
    const store = await openDiskStore({ root: spell(directory.path) })
    await store.put('w/1/a.png', new Uint8Array(3), { signal })
    expect(await Array.fromAsync(store.list('w/'), ({ key }) => key)).toEqual(['w/1/a.png'])
  })
}

test('removes the temporary files of puts that were cut off before a date, and no younger ones', async () => {
  await using directory = await createTestDirectory()
  const store = await openDiskStore({ root: directory.path })
  const [old, young] = ['old', 'young'].map(name => join(directory.path, '.partial', name))
  for (const path of [old, young]) await Bun.write(path ?? '', 'x')
  await utimes(old ?? '', new Date(), new Date(Date.now() - 3_600_000))
  expect(await store.removeUnfinished(new Date(Date.now() - 60_000))).toBe(1)
  expect(await readdir(join(directory.path, '.partial'))).toEqual(['young'])
})

test('ping rejects when the folder is missing', async () => {
  await using directory = await createTestDirectory()
  const store = await openDiskStore({ root: join(directory.path, 'objects') })
  await store.ping()
  await directory[Symbol.asyncDispose]()
  await expect(store.ping()).rejects.toThrow()
})

async function listFiles(path: string): Promise<string[]> {
  const entries = await readdir(path, { recursive: true, withFileTypes: true })
  return entries.filter(entry => entry.isFile()).map(entry => relative(path, join(entry.parentPath, entry.name)))
}
