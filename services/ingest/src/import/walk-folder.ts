import type { Dirent } from 'node:fs'
import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { toRecordError } from './read-file.ts'
import { RecordError } from './record.ts'

/** Something in a folder that is no folder itself, or the reason why it cannot be read. Names are relative to the folder. */
export type WalkEntry = { file: string } | { file: string; error: RecordError }

/** Most folders inside one another: more than anybody sorts pictures into. */
const MAX_DEPTH = 32
/** Names of images: a folder that is called like one is named. */
const IMAGE_NAMES = /\.(?:png|jpe?g|webp|avif)$/i

/**
 * Lists what is in a folder and its subfolders, in the order of their names, with one folder in memory at a time. Links to folders are
 * not followed: they may lead in a circle.
 */
export async function* walkFolder(folder: string, path = '', depth = 0): AsyncGenerator<WalkEntry> {
  for (const entry of await listEntries(folder, path)) {
    if (!('name' in entry)) {
      yield entry
      continue
    }
    const file = join(path, entry.name)
    if (entry.name.includes('\ufffd')) yield { file, error: new RecordError('has a name that is not UTF-8') }
    else if (!entry.isDirectory()) yield { file }
    else if (IMAGE_NAMES.test(entry.name)) yield { file, error: new RecordError('is a folder, not a picture') }
    if (!entry.isDirectory()) continue
    if (depth < MAX_DEPTH) yield* walkFolder(folder, file, depth + 1)
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
