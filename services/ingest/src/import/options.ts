import { parseArgs } from 'node:util'
import { parseTimeZone, type TimeZone } from '@darkroom/contracts/history/time-zone'
import type { ImportNotes } from './notes.ts'

/** The options of an import, as its command line gives them. */
export interface ImportOptions {
  /** File or folder; null if generations come from a database, whose address is on standard input. */
  path: string | null
  /** File that names the tables and columns of the database. */
  map: string | undefined
  /** Folder that mirrors the storage of the database. */
  files: string | undefined
  /** Address of the objects of its bucket. */
  bucket: string | undefined
  /** Everything is looked at, and nothing is written. */
  isDryRun: boolean
  /** Images are imported that do not say how they were made. */
  includesAll: boolean
  /** Zone of times that have none. */
  timeZone: TimeZone
}

/** Options of every source of generations. */
export interface SourceOptions extends Pick<ImportOptions, 'timeZone' | 'includesAll'> {
  notes: ImportNotes
}

/** Parses the command line of the process of an import. @throws Error that names what is wrong with it */
export function parseImportArguments(args: string[]): ImportOptions {
  const { values, positionals } = parseArgs({
    args,
    allowPositionals: true,
    options: {
      'dry-run': { type: 'boolean' },
      all: { type: 'boolean' },
      'time-zone': { type: 'string' },
      database: { type: 'boolean' },
      map: { type: 'string' },
      files: { type: 'string' },
      bucket: { type: 'string' },
    },
  })
  const { map, files, bucket, database = false } = values
  const [path = null] = positionals
  if ((path === null) !== database) throw new Error('the path is missing')
  const timeZone = parseTimeZone(values['time-zone'] ?? 'UTC')
  if (!timeZone) throw new Error(`there is no time zone ${values['time-zone']}`)
  return { path, map, files, bucket, timeZone, isDryRun: values['dry-run'] ?? false, includesAll: values.all ?? false }
}
