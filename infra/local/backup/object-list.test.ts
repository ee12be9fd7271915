import { expect, test } from 'bun:test'
import { appendFile } from 'node:fs/promises'
import { join } from 'node:path'
import fc from 'fast-check'
import { createTestDirectory } from '../../testing/test-resources.ts'
import { createFileWriter } from './digest.ts'
import { openLookup, type StoredEntry, writeEntry } from './object-list.ts'

const signal = new AbortController().signal
const keys = fc.uniqueArray(fc.stringMatching(/^[a-z0-9./-]{1,12}$/), { maxLength: 60 }).map(found => found.toSorted())

test('finds the entry of every key in any of several sorted lists, and no other', async () => {
  await fc.assert(
    fc.asyncProperty(keys, keys, keys, async (first, second, wanted) => {
      await using directory = await createTestDirectory()
      const paths = [join(directory.path, 'a'), join(directory.path, 'b')]
      await writeList(paths[0] ?? '', first)
      await writeList(paths[1] ?? '', second)
      await using lookup = openLookup([...paths, join(directory.path, 'none')], signal)
      for (const key of wanted) {
        const found = await lookup.find(key)
        expect(found?.key).toBe(first.includes(key) || second.includes(key) ? key : undefined)
      }
    }),
    { numRuns: 50 },
  )
})

test('a list that breaks off in the middle of a line ends there', async () => {
  await using directory = await createTestDirectory()
  const path = join(directory.path, 'a')
  await writeList(path, ['a', 'b'])
  await appendFile(path, '{"key":"c","byt\n{"key":"d"')
  await using lookup = openLookup([path], signal)
  expect(await lookup.find('a')).toEqual(toEntry('a'))
  expect(await lookup.find('c')).toBeUndefined()
  expect(await lookup.find('d')).toBeUndefined()
})

async function writeList(path: string, sorted: readonly string[]): Promise<void> {
  const writer = await createFileWriter(path)
  for (const key of sorted) await writeEntry(writer, toEntry(key))
  await writer.finish()
}

function toEntry(key: string): StoredEntry {
  return { key, bytes: key.length, sha256: '0'.repeat(64) }
}
