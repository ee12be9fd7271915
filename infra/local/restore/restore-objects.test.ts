import { expect, test } from 'bun:test'
import { mkdir } from 'node:fs/promises'
import { dirname } from 'node:path'
import { openDiskStore } from '../../src/store/disk.ts'
import { createTestDirectory } from '../../testing/test-resources.ts'
import { createFileWriter } from '../backup/digest.ts'
import { backupPaths, type Manifest } from '../backup/manifest.ts'
import { writeEntry } from '../backup/object-list.ts'
import { restoreObjects } from './restore-objects.ts'

const signal = new AbortController().signal
const BYTES = new TextEncoder().encode('the bytes of an image')
const OTHER = new TextEncoder().encode('other bytes, as many.')
const KEY = 'w/a/gen/b/1/0.png'
const progress = { line: () => {}, startStep: () => ({ advance: () => {}, end: () => {} }) }

test('an object that the store gives back with other bytes of the same number is stored again', async () => {
  await using directory = await createTestDirectory()
  const { paths, manifest } = await writeBackup(`${directory.path}/backup`)
  const store = await openDiskStore({ root: `${directory.path}/objects` })
  const puts: string[] = []
  const put: typeof store.put = async (key, body, options) => {
    puts.push(key)
    return await store.put(key, puts.length === 1 ? OTHER : body, options)
  }
  const options = { paths, manifest, concurrency: 2, progress, signal }
  expect(await restoreObjects({ ...options, store: { ...store, put } })).toMatchObject({ count: 1, damaged: [] })
  expect(puts).toEqual([KEY, KEY])
  expect(await new Response((await store.get(KEY))?.body).bytes()).toEqual(BYTES)
  // What is there already is only read back.
  await restoreObjects({ ...options, store: { ...store, put } })
  expect(puts).toHaveLength(2)
})

async function writeBackup(folder: string) {
  expect(OTHER).toHaveLength(BYTES.length)
  const [paths, id] = [backupPaths(folder), crypto.randomUUID()]
  const sha256 = new Bun.CryptoHasher('sha256').update(BYTES).digest('hex')
  for (const file of [paths.objectList(id), paths.object(sha256)]) await mkdir(dirname(file), { recursive: true })
  await Bun.write(paths.object(sha256), BYTES)
  const writer = await createFileWriter(paths.objectList(id))
  await writeEntry(writer, { key: KEY, bytes: BYTES.length, sha256 })
  const { lines, ...list } = await writer.finish()
  const manifest: Manifest = {
    format: 1,
    id,
    createdAt: new Date(0).toISOString(),
    studioId: null,
    migrations: ['0001_studio'],
    tables: [],
    sequences: [],
    objects: { list, count: lines, bytes: BYTES.length, missing: 0, damaged: 0 },
    journal: [],
  }
  return { paths, manifest }
}
