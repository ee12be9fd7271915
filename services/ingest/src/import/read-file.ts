import { constants } from 'node:fs'
import { type FileHandle, lstat, open, realpath } from 'node:fs/promises'
import { join, sep } from 'node:path'
import { readErrorCode } from '@darkroom/infra/runtime/error-code'
import { RecordError } from './record.ts'

/** A file of a folder that was read whole. */
export interface ImportFile {
  bytes: Uint8Array
  modifiedAt: Date
}

/** A pipe has no data until somebody writes to it, so opening one waits. The real path has no link at its end. */
const OPEN_FLAGS = constants.O_RDONLY | constants.O_NONBLOCK | constants.O_NOFOLLOW

/** Reasons of the system, in words that go on after the name of the file. */
const REASONS: Readonly<Record<string, string>> = {
  ENOENT: 'is not there',
  ENOTDIR: 'is not there',
  ELOOP: 'is a link that leads in a circle',
  EACCES: 'may not be read',
  EPERM: 'may not be read',
  ENAMETOOLONG: 'has a name that is too long',
  ERR_INVALID_ARG_VALUE: 'has a name that no file can have',
}

/**
 * Reads a file of a folder or its subfolders. Names come from strangers: the real path is checked, which follows symbolic links, and
 * only regular files are opened.
 *
 * @throws RecordError if it is missing, elsewhere, not a regular file, too large, not readable, or grows while it is read
 */
export async function readImportFile(folder: string, file: string, maxBytes: number): Promise<ImportFile> {
  try {
    await using handle = await openImportFile(folder, file)
    const { size, mtime } = await handle.stat()
    if (size > maxBytes) throw new RecordError(`${file} is larger than ${maxBytes / 1e6} MB`)
    return { bytes: await readBytes(handle, file, size), modifiedAt: mtime }
  } catch (error) {
    throw toRecordError(error, file)
  }
}

/** Opens a regular file. It is looked at before it is opened, as opening a device can change it, and again afterwards. */
async function openImportFile(folder: string, file: string): Promise<FileHandle> {
  const root = await realpath(folder)
  const path = await realpath(join(root, file))
  if (!path.startsWith(root + sep)) throw new RecordError(`${file} is outside of the folder`)
  assertRegular(await lstat(path), file)
  const handle = await open(path, OPEN_FLAGS)
  try {
    assertRegular(await handle.stat(), file)
    return handle
  } catch (error) {
    await handle.close()
    throw error
  }
}

function assertRegular(stats: { isFile(): boolean; isDirectory(): boolean }, file: string): void {
  if (stats.isDirectory()) throw new RecordError(`${file} is a folder, not a picture`)
  if (!stats.isFile()) throw new RecordError(`${file} is a pipe or a device, not a picture`)
}

/** Reads the bytes that a file had when it was opened, and looks whether one more has come. */
async function readBytes(handle: FileHandle, file: string, size: number): Promise<Uint8Array> {
  const bytes = new Uint8Array(size + 1)
  let filled = 0
  while (filled < bytes.length) {
    const { bytesRead } = await handle.read(bytes, filled, bytes.length - filled, filled)
    if (bytesRead === 0) break
    filled += bytesRead
  }
  if (filled !== size) throw new RecordError(`${file} changed while it was read`)
  return bytes.subarray(0, size)
}

/** Converts an error of the system to one of the record; others stay as they are. */
export function toRecordError(error: unknown, file: string): unknown {
  const code = readErrorCode(error) ?? ''
  if (error instanceof RecordError || !/^E[A-Z_]+$/.test(code)) return error
  return new RecordError(`${file} ${REASONS[code] ?? `cannot be read (${code})`}`, { cause: error })
}
