/** A file of a ZIP, as its directory describes it. */
export interface UnzippedFile {
  name: string
  bytes: Buffer
}

const [END_SIGNATURE, DIRECTORY_SIGNATURE] = ['PK\x05\x06', 'PK\x01\x02']

/** Reads a ZIP of uncompressed files by its directory, for tests. Throws if a checksum is wrong. */
export function readZip(zip: Buffer): UnzippedFile[] {
  const end = zip.lastIndexOf(END_SIGNATURE, zip.length, 'latin1')
  if (end < 0) throw new Error('the ZIP has no end')
  const files: UnzippedFile[] = []
  for (let at = zip.readUInt32LE(end + 16), count = zip.readUInt16LE(end + 10); count > 0; count -= 1) {
    if (zip.toString('latin1', at, at + 4) !== DIRECTORY_SIGNATURE) throw new Error('the directory is damaged')
    const [nameLength, extraLength, commentLength] = [28, 30, 32].map(offset =>
      zip.readUInt16LE(at + offset),
    ) as number[]
    const name = zip.toString('utf8', at + 46, at + 46 + (nameLength ?? 0))
    const local = zip.readUInt32LE(at + 42)
    const start = local + 30 + zip.readUInt16LE(local + 26) + zip.readUInt16LE(local + 28)
    const bytes = zip.subarray(start, start + zip.readUInt32LE(at + 24))
    if (Bun.hash.crc32(bytes) !== zip.readUInt32LE(at + 16)) throw new Error(`${name} is damaged`)
    files.push({ name, bytes })
    at += 46 + (nameLength ?? 0) + (extraLength ?? 0) + (commentLength ?? 0)
  }
  return files
}
