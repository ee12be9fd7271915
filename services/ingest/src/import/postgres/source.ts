import { stat } from 'node:fs/promises'
import { resolve } from 'node:path'
import { toStorableText } from '@darkroom/contracts/parameters'
import {
  type ForeignDatabase,
  ForeignDatabaseError,
  openForeignDatabase,
  parseForeignAddress,
} from '@darkroom/infra/database/foreign-database'
import { DeadlineError } from '@darkroom/infra/runtime/timers'
import { collectBatches } from '../collect-batches.ts'
import type { ImportEntry, ImportSource } from '../entry.ts'
import { parseRecord, type RecordOptions } from '../lines/parse-record.ts'
import type { ImportNotes } from '../notes.ts'
import { toRecordError } from '../read-file.ts'
import { type ImportRecord, RecordError } from '../record.ts'
import { findTables, type SourceTable, type SourceTables } from './find-tables.ts'
import { parseBucketUrl } from './locate-image.ts'
import { createUserNames, type GenerationRow, readRows, type UnreadableRow, type UserNames } from './read-rows.ts'
import { selectCounts, selectOrphans } from './select-rows.ts'
import { readTableMap, type TableMap } from './table-map.ts'
import { isDeleted, toLines } from './to-line.ts'

/** Address of another database, and of the files that its generations have. */
export interface DatabaseLocation {
  /** Address with its password: it is written nowhere. */
  url: string
  /** File that names its tables and columns. */
  map?: string | undefined
  /** Folder that mirrors its storage. */
  files?: string | undefined
  /** Address of the objects of its bucket. */
  bucket?: string | undefined
}

interface DatabaseOptions extends RecordOptions {
  notes: Pick<ImportNotes, 'unknownKeys' | 'leftOut'>
  signal: AbortSignal
}

interface SourceContext extends DatabaseOptions {
  database: ForeignDatabase
  tables: SourceTables
  names: UserNames
  files: string | null
  bucketUrl: string | null
}

const MAX_AUTHOR = 200
/** Rows whose users are looked up at once, and bytes of rows above which fewer are. */
const GROUP_LIMITS = { items: 100, bytes: 1_000_000 }

/**
 * Opens the database of another system to read its generations, in one snapshot of it and without writing anything there.
 *
 * @throws RecordError if it cannot be reached, or has no table of generations
 */
export async function openDatabaseSource(location: DatabaseLocation, options: DatabaseOptions): Promise<ImportSource> {
  const map = location.map === undefined ? {} : await readTableMap(location.map)
  const bucketUrl = location.bucket === undefined ? null : parseBucketUrl(location.bucket)
  const files = location.files === undefined ? null : await findFolder(location.files)
  const database = await withPlainErrors(openDatabase(location.url, options.signal))
  const { tables, total } = await withPlainErrors(inspectTables(database, map, options.notes)).catch(async error => {
    await database[Symbol.asyncDispose]()
    throw error
  })
  const context = { ...options, database, tables, names: createUserNames(database, tables), files, bucketUrl }
  let done = 0
  const onRow = () => {
    done += 1
  }
  return {
    entries: readEntries(context, onRow),
    // Names of files are relative to it; without one there are none.
    folder: files ?? '/nonexistent',
    getProgress: () => ({ done, total, unit: 'rows' }),
  }
}

/** @throws RecordError if it is no folder: all pictures would be missing */
async function findFolder(given: string): Promise<string> {
  const stats = await stat(given).catch(error => {
    throw toRecordError(error, given)
  })
  if (!stats.isDirectory()) throw new RecordError(`${given} is not a folder`)
  return resolve(given)
}

async function openDatabase(url: string, signal: AbortSignal): Promise<ForeignDatabase> {
  return await openForeignDatabase(parseForeignAddress(url), { name: 'darkroom-import', signal })
}

async function inspectTables(database: ForeignDatabase, map: TableMap, notes: DatabaseOptions['notes']) {
  const tables = await findTables(database, map)
  return { tables, total: await countRows(database, tables, notes) }
}

/** Counts the generations, and what is left out whole: columns that are not read, rows without an id, outputs of no generation. */
async function countRows(
  database: ForeignDatabase,
  tables: SourceTables,
  { unknownKeys, leftOut }: DatabaseOptions['notes'],
): Promise<number> {
  const countTable = async (table: SourceTable, idField: string) => {
    const [row = {}] = await database.query(selectCounts(table, idField))
    if (table.hidesRows) leftOut.add(`rows of ${table.name} that its policies hide from this user, if any`)
    for (const [index, name] of table.otherColumns.entries())
      unknownKeys.add(`${table.name}.${name}`, Number(row[`other${index}`] ?? 0))
    return { rows: Number(row.rows ?? 0), ids: Number(row.ids ?? 0) }
  }
  const { rows, ids } = await countTable(tables.generations, 'id')
  leftOut.add('generations without an id', rows - ids)
  if (tables.outputs) {
    await countTable(tables.outputs, 'generation')
    const [orphans] = await database.query(selectOrphans(tables, tables.outputs))
    leftOut.add('outputs of no generation', Number(orphans?.orphans ?? 0))
  }
  return ids
}

async function* readEntries(context: SourceContext, onRow: () => void): AsyncGenerator<ImportEntry> {
  try {
    for await (const rows of collectBatches(readRows(context.database, context.tables), GROUP_LIMITS, countBytes)) {
      await context.names.load(rows.flatMap(row => ('values' in row && row.values.user ? [row.values.user] : [])))
      for (const row of rows) {
        yield* await toEntries(context, row)
        onRow()
      }
    }
  } catch (error) {
    throw toPlainError(error)
  } finally {
    await context.database[Symbol.asyncDispose]()
  }
}

function countBytes(row: GenerationRow | UnreadableRow): number {
  return 'bytes' in row ? row.bytes : 0
}

async function toEntries(context: SourceContext, row: GenerationRow | UnreadableRow): Promise<ImportEntry[]> {
  const name = `${context.tables.generations.name} ${row.id}`
  try {
    if ('reason' in row) throw new RecordError(row.reason)
    const lines = await toLines(row, { ...context, ...context.notes })
    return lines.map(line => ({ name, bytes: row.bytes, record: toRecord(context, row, line) }))
  } catch (error) {
    if (!(error instanceof RecordError)) throw error
    return [{ name, error }]
  }
}

function toRecord(context: SourceContext, { values }: GenerationRow, line: object): ImportRecord {
  const record = parseRecord(line, context)
  const author = values.user ? context.names.get(values.user) : undefined
  return {
    ...record,
    ...(author ? { author: toStorableText(author.trim(), MAX_AUTHOR) } : {}),
    ...(values.parent ? { parentId: values.parent } : {}),
    ...(isDeleted(values.deletedAt) ? { isTrashed: true } : {}),
  }
}

async function withPlainErrors<T>(work: Promise<T>): Promise<T> {
  return await work.catch(error => {
    throw toPlainError(error)
  })
}

/** Converts an error of the other database to one in words. */
function toPlainError(error: unknown): unknown {
  if (error instanceof DeadlineError) return new RecordError('the other database does not answer', { cause: error })
  if (!(error instanceof ForeignDatabaseError)) return error
  return new RecordError(`the other database: ${error.message}`, { cause: error })
}
