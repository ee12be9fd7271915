import { expect, test } from 'bun:test'
import type { ZipEntry } from './entries.ts'
import { createZipWriter } from './zip-writer.ts'

const LIMIT = 0xffff

test.each([
  [LIMIT - 1, false],
  [LIMIT + 2, true],
])('counts %d files, in a record of ZIP64: %p', async (count, isZip64) => {
  const zip = await writeZip(createEntries(count))
  const end = zip.length - 22
  const locator = end - 20
  expect(zip.readUInt32LE(end)).toBe(0x06054b50)
  expect(zip.readUInt32LE(locator) === 0x07064b50).toBe(isZip64)
  const [files, size, start] = isZip64 ? readRecord(zip, Number(zip.readBigUInt64LE(locator + 8))) : readEnd(zip, end)
  expect([files, start + size]).toEqual([count, isZip64 ? locator - 56 : end])
  // Each entry of the directory has 46 bytes and its name.
  expect([zip.readUInt32LE(start), zip.readUInt32LE(start + size - 46 - 6)]).toEqual([0x02014b50, 0x02014b50])
})

function readEnd(zip: Buffer, end: number): [number, number, number] {
  return [zip.readUInt16LE(end + 10), zip.readUInt32LE(end + 12), zip.readUInt32LE(end + 16)]
}

function readRecord(zip: Buffer, record: number): [number, number, number] {
  expect([zip.readUInt32LE(record), zip.readBigUInt64LE(record + 24)]).toEqual([
    0x06064b50,
    zip.readBigUInt64LE(record + 32),
  ])
  const [files = 0, size = 0, start = 0] = [32, 40, 48].map(at => Number(zip.readBigUInt64LE(record + at)))
  return [files, size, start]
}

/** Yields empty files, of which each has a name of six characters. */
async function* createEntries(count: number): AsyncGenerator<ZipEntry, void, void> {
  const lastModified = new Date()
  for (let index = 0; index < count; index += 1) {
    yield { name: String(index).padStart(6, '0'), lastModified, input: readNothing() }
  }
}

async function* readNothing(): AsyncGenerator<Uint8Array, void, void> {}

async function writeZip(entries: AsyncIterable<ZipEntry>): Promise<Buffer> {
  const zip = createZipWriter(entries)
  const chunks: Uint8Array[] = []
  for (let next = await zip.read(); next !== undefined; next = await zip.read()) chunks.push(...next)
  return Buffer.concat(chunks)
}
