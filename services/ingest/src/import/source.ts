import { stat } from 'node:fs/promises'
import { dirname, resolve } from 'node:path'
import type { ImportSource } from './entry.ts'
import { openFolder } from './folder.ts'
import { openLines } from './lines/json-lines.ts'
import type { SourceOptions } from './options.ts'
import { toRecordError } from './read-file.ts'
import { RecordError } from './record.ts'

/** Opens the file or the folder that an import is given. @throws RecordError if it cannot be read */
export async function openSource(given: string, options: SourceOptions): Promise<ImportSource> {
  const path = resolve(given)
  const stats = await stat(path).catch(error => {
    throw toRecordError(error, given)
  })
  if (stats.isDirectory()) return await openFolder(path, options)
  // A pipe or a device may give lines for ever, or none.
  if (!stats.isFile()) throw new RecordError(`${given} is neither a file nor a folder`)
  return await openLines(path, { ...options, folder: dirname(path) })
}
