import { parseArgs } from 'node:util'
import { parseTimeZone, type TimeZone } from '@darkroom/contracts/history/time-zone'
import type { ImportNotes } from './notes.ts'

/** The options of an import, as its command line gives them. */
export interface ImportOptions {
  path: string
  /** Everything is looked at, and nothing is written. */
  isDryRun: boolean
  /** Images are imported that do not say how they were made. */
  includesAll: boolean
  /** Zone of times that have none. */
  timeZone: TimeZone
}

/** Options of every source of generations. */
export interface SourceOptions extends Pick<ImportOptions, 'timeZone' | 'includesAll'> {
  /** Time of generations that have none. */
  now: Date
  notes: ImportNotes
}

/** Parses the command line of the process of an import. @throws Error that names what is wrong with it */
export function parseImportArguments(args: string[]): ImportOptions {
  const { values, positionals } = parseArgs({
    args,
    allowPositionals: true,
    options: { 'dry-run': { type: 'boolean' }, all: { type: 'boolean' }, 'time-zone': { type: 'string' } },
  })
  const [path] = positionals
  if (path === undefined) throw new Error('the path is missing')
  const timeZone = parseTimeZone(values['time-zone'] ?? 'UTC')
  if (!timeZone) throw new Error(`there is no time zone ${values['time-zone']}`)
  return { path, timeZone, isDryRun: values['dry-run'] ?? false, includesAll: values.all ?? false }
}
