import { expect, test } from 'bun:test'
import { createTestDirectory } from '../../testing/test-resources.ts'
import { BACKUP_FORMAT, backupPaths, type Manifest, readManifest, writeManifest } from './manifest.ts'

/** A manifest of format 1, as it is on disks. A change that cannot read it needs another format, and the way to read both. */
const FORMAT_1 = `{
  "format": 1,
  "id": "4fbfe2af-b847-486e-be8e-9c99fefc822a",
  "createdAt": "2026-11-26T21:11:16.275Z",
  "studioId": "dc35c617-b003-4ea3-b7bf-4229ccec9af4",
  "migrations": ["0001_studio", "0002_lifecycle"],
  "tables": [
    { "name": "outbox", "columns": ["id", "subject"], "rows": 2, "bytes": 20,
      "sha256": "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855" }
  ],
  "sequences": [{ "table": "outbox", "column": "id", "last": 7, "isCalled": true }],
  "objects": {
    "list": { "bytes": 3, "sha256": "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855" },
    "count": 1, "bytes": 4, "missing": 0, "damaged": 0
  },
  "journal": [
    { "name": "calls/a.answer", "bytes": 5, "sha256": "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855" }
  ]
}`

test('reads a manifest of format 1, and writes what it reads', async () => {
  expect(BACKUP_FORMAT).toBe(1)
  await using directory = await createTestDirectory()
  const { path } = directory
  expect(await readManifest(path)).toBeUndefined()
  await Bun.write(backupPaths(path).manifest, FORMAT_1)
  const manifest = await readManifest(path)
  expect(manifest).toEqual(JSON.parse(FORMAT_1) as Manifest)
  if (manifest) await writeManifest(path, manifest)
  expect(await readManifest(path)).toEqual(JSON.parse(FORMAT_1) as Manifest)
})

test('the files of format 1 are where they were', () => {
  const paths = backupPaths('/b')
  expect([paths.table('i', 't'), paths.objectList('i'), paths.journal('i'), paths.object('abcd')]).toEqual([
    '/b/snapshots/i/tables/t.copy',
    '/b/snapshots/i/objects.jsonl',
    '/b/snapshots/i/journal',
    '/b/objects/ab/abcd',
  ])
})

test.each([
  ['an empty file', ''],
  ['another document', '[]'],
  ['a name that leads out of the folder', FORMAT_1.replace('"calls/a.answer"', '"../../a"')],
  ['a negative number', FORMAT_1.replace('"rows": 2', '"rows": -2')],
])('refuses %s', async (_, text) => {
  await using directory = await createTestDirectory()
  await Bun.write(backupPaths(directory.path).manifest, text)
  await expect(readManifest(directory.path)).rejects.toThrow('backup.json is damaged')
})
