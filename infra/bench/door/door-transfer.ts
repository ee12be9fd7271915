import { open } from 'node:fs/promises'
import { join } from 'node:path'
import { LOCAL_OWNER } from '../../src/http/identity.ts'
import { readPeakBytes, readResidentBytes, resetPeak } from '../kit/process-use.ts'

/** A file of 1 GB that is read by an address. */
export interface Transfer {
  way: string
  megabytesPerSecond: number
  /** Peak of resident memory of the process that answers at the address, above what it had before, in MB. */
  memoryMegabytes: number
}

const MB = 1_000_000
const FILE_BYTES = 1_000 * MB
const KEY = `w/${LOCAL_OWNER.workspaceId}/gen/01990000-0000-7000-8000-000000000000/1/0.mp4`

/** Writes a file of 1 GB into the store of a studio. @returns its path by HTTP */
export async function storeLargeFile(dataDir: string): Promise<string> {
  const path = join(dataDir, 'objects', KEY)
  await Bun.write(path, 'x')
  const file = await open(path, 'r+')
  await file.truncate(FILE_BYTES)
  await file.close()
  return `/media/${KEY}`
}

/** Reads the file once by a way. */
export async function measureTransfer(
  way: { name: string; url: string; pid: number },
  options: { path: string; headers: Record<string, string> },
): Promise<Transfer> {
  const before = await readResidentBytes(way.pid)
  await resetPeak(way.pid)
  const startedAt = performance.now()
  const response = await fetch(`${way.url}${options.path}`, { headers: options.headers })
  const bytes = await countBytes(response)
  if (bytes !== FILE_BYTES)
    throw new Error(`${way.name} gave ${bytes} bytes of the file, with status ${response.status}`)
  const seconds = (performance.now() - startedAt) / 1_000
  const memory = Math.max(0, (await readPeakBytes(way.pid)) - before)
  return { way: way.name, megabytesPerSecond: FILE_BYTES / MB / seconds, memoryMegabytes: memory / MB }
}

async function countBytes({ body }: Response): Promise<number> {
  let bytes = 0
  for await (const chunk of body ?? []) bytes += chunk.byteLength
  return bytes
}
