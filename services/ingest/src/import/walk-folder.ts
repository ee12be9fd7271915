import type { Dirent } from 'node:fs'
import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { toRecordError } from './read-file.ts'
import { RecordError } from './record.ts'

/** A file that is to be read, or the reason why something of a folder is not. Names are relative to the folder. */
export type WalkEntry = { file: string } | { file: string; error: RecordError }

/** Most folders inside one another: more than anybody sorts pictures into. */
const MAX_DEPTH = 32

/**
 * Lists the files of a folder and its subfolders whose names match, in the order of their names, with one folder in memory at a time.
 * Links to folders are not followed: they may lead in a circle.
 */
export async function* walkFolder(folder: string, pattern: RegExp, path = '', depth = 0): AsyncGenerator<WalkEntry> {
  for (const entry of await listEntries(folder, path)) {
    if (!('name' in entry)) {
      yield entry
      continue
    }
    const file = join(path, entry.name)
    if (entry.name.includes('\ufffd')) yield { file, error: new RecordError('has a name that is not UTF-8') }
    else if (pattern.test(entry.name)) yield { file }
    if (!entry.isDirectory()) continue
    if (depth < MAX_DEPTH) yield* walkFolder(folder, pattern, file, depth + 1)
    else yield { file, error: new RecordError(`is more than ${MAX_DEPTH} folders deep`) }
  }
}

async function listEntries(folder: string, path: string): Promise<(Dirent | WalkEntry)[]> {
  try {
    const entries = await readdir(join(folder, path), { withFileTypes: true })
    return entries.toSorted((a, b) => (a.name < b.name ? -1 : 1))
  } catch (cause) {
    const error = toRecordError(cause, 'the folder')
    if (path === '' || !(error instanceof RecordError)) throw error
    return [{ file: path, error }]
  }
}
