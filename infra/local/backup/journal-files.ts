import type { Dirent } from 'node:fs'
import { mkdir, readdir, rm, stat } from 'node:fs/promises'
import { dirname, join, relative, sep } from 'node:path'
import { StartError } from '../process/server-process.ts'
import { createFileWriter, digestFile, readFileChunks } from './digest.ts'
import { type BackedUpFile, syncFolder } from './manifest.ts'

/** Copies the answers of providers that are not stored yet. */
export interface JournalCopy {
  /**
   * Copies the files that are there and were not copied as they are now. Called before and after the moment of the snapshot: an
   * answer that is stored in between is in neither its rows nor the second copy.
   */
  copy(): Promise<void>
  /** Returns every file that was copied. */
  list(): BackedUpFile[]
}

/** @param options `from` is the journal of this host's processors, which may be missing */
export function createJournalCopy(options: { from: string; to: string; signal: AbortSignal }): JournalCopy {
  const { from, to, signal } = options
  const copied = new Map<string, { file: BackedUpFile; version: string }>()
  const copyOne = async (name: string) => {
    const found = await stat(join(from, name)).catch(ignoreMissing)
    const version = `${found?.size} ${found?.mtimeMs} ${found?.ino}`
    if (!found || copied.get(name)?.version === version) return
    const file = await copyFile(join(from, name), join(to, name), signal).catch(ignoreMissing)
    if (file) copied.set(name, { file: { name, ...file }, version })
  }
  return {
    copy: async () => {
      // An entry before its answer: an answer that ends in between is copied to its end.
      const names = await listFiles(from)
      const isBody = (name: string) => name.endsWith('.body')
      for (const name of [...names.filter(name => !isBody(name)), ...names.filter(isBody)]) await copyOne(name)
    },
    list: () => [...copied.values()].map(({ file }) => file).toSorted((a, b) => (a.name < b.name ? -1 : 1)),
  }
}

/**
 * Puts the files of a backup's journal back and compares them.
 *
 * @throws StartError if a file is not as it was, unless it may be skipped
 */
export async function restoreJournal(options: {
  files: readonly BackedUpFile[]
  from: string
  to: string
  skipDamaged: boolean
  signal: AbortSignal
}): Promise<void> {
  const { files, from, to, skipDamaged, signal } = options
  for (const { name, bytes, sha256 } of files) {
    const copied = await copyFile(join(from, name), join(to, name), signal).catch(ignoreMissing)
    const stored = copied && (await digestFile(join(to, name), signal))
    if (stored?.bytes === bytes && stored.sha256 === sha256) continue
    await rm(join(to, name), { force: true })
    if (skipDamaged) continue
    throw new StartError(`The answer ${join(from, name)} is damaged. Restore with --skip-damaged to go on without it.`)
  }
}

/** Lists the files in a folder and below, by their path in it. Those with a leading dot are temporary. */
export async function listFiles(folder: string): Promise<string[]> {
  const entries = (await readdir(folder, { recursive: true, withFileTypes: true }).catch(ignoreMissing)) ?? []
  return entries
    .filter((entry: Dirent) => entry.isFile())
    .map((entry: Dirent) => relative(folder, join(entry.parentPath, entry.name)))
    .filter(path => !path.split(sep).some(name => name.startsWith('.')))
    .toSorted()
}

async function copyFile(from: string, to: string, signal: AbortSignal): Promise<{ bytes: number; sha256: string }> {
  await mkdir(dirname(to), { recursive: true, mode: 0o700 })
  const writer = await createFileWriter(to)
  try {
    for await (const chunk of readFileChunks(from, signal)) await writer.write(chunk)
    const { bytes, sha256 } = await writer.finish()
    await syncFolder(dirname(to))
    return { bytes, sha256 }
  } finally {
    await writer.close()
  }
}

function ignoreMissing(error: NodeJS.ErrnoException): undefined {
  if (error.code === 'ENOENT' || error.code === 'ENOTDIR') return undefined
  throw error
}
