import { type FileHandle, open } from 'node:fs/promises'

/** A file of a ZIP, as its directory describes it. */
interface ZipFileEntry {
  name: string
  bytes: number
  /** Position of the local header. */
  offset: number
}

const [END_BYTES, DIRECTORY_BYTES, LOCAL_BYTES] = [22, 46, 30]
const CHUNK_BYTES = 4 * 1024 * 1024

/**
 * Returns the SHA-256 of each file of a ZIP but its manifest, read by its directory. Files are stored as they are, in less than 4 GB.
 *
 * @see https://pkware.cachefly.net/webdocs/casestudies/APPNOTE.TXT
 */
export async function hashZipFiles(path: string): Promise<string[]> {
  await using handle = await open(path)
  const entries = await readDirectory(handle)
  const hashes: string[] = []
  for (const entry of entries) if (entry.name !== 'manifest.jsonl') hashes.push(await hashEntry(handle, entry))
  return hashes
}

async function readDirectory(handle: FileHandle): Promise<ZipFileEntry[]> {
  const { size } = await handle.stat()
  const end = await read(handle, size - END_BYTES, END_BYTES)
  if (end.readUInt32LE(0) !== 0x06054b50) throw new Error('the ZIP has no end')
  const directory = await read(handle, end.readUInt32LE(16), end.readUInt32LE(12))
  const entries: ZipFileEntry[] = []
  for (let at = 0; at < directory.length; ) {
    const [nameLength, extraLength, commentLength] = [28, 30, 32].map(field => directory.readUInt16LE(at + field))
    const name = directory.toString('utf8', at + DIRECTORY_BYTES, at + DIRECTORY_BYTES + (nameLength ?? 0))
    entries.push({ name, bytes: directory.readUInt32LE(at + 24), offset: directory.readUInt32LE(at + 42) })
    at += DIRECTORY_BYTES + (nameLength ?? 0) + (extraLength ?? 0) + (commentLength ?? 0)
  }
  return entries
}

async function hashEntry(handle: FileHandle, { bytes, offset }: ZipFileEntry): Promise<string> {
  const header = await read(handle, offset, LOCAL_BYTES)
  const start = offset + LOCAL_BYTES + header.readUInt16LE(26) + header.readUInt16LE(28)
  const hasher = new Bun.CryptoHasher('sha256')
  for (let at = 0; at < bytes; at += CHUNK_BYTES)
    hasher.update(await read(handle, start + at, Math.min(CHUNK_BYTES, bytes - at)))
  return hasher.digest('hex')
}

async function read(handle: FileHandle, position: number, length: number): Promise<Buffer> {
  const { buffer, bytesRead } = await handle.read(Buffer.alloc(length), 0, length, position)
  if (bytesRead < length) throw new Error('the ZIP is cut short')
  return buffer
}
