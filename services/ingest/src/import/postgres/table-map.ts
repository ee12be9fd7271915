import { readFile } from 'node:fs/promises'
import { z } from 'zod'
import { RecordError } from '../record.ts'
import { TABLE_FIELDS, type TableKey } from './fields.ts'

/** Names of the columns by what they hold; null: there is none, whatever the names say. */
export type ColumnMap = Readonly<Record<string, string | null | undefined>>

/** Names of a table and its columns, where they are not found by themselves. */
export interface MappedTable {
  table?: string | undefined
  columns?: ColumnMap | undefined
}

/** The content of a map file. A table that is null is not read. */
export type TableMap = { schema?: string | undefined } & { [Table in TableKey]?: MappedTable | null | undefined }

const name = z.string('is not the name of a table or column').min(1).max(63)

const TableMapSchema = z.strictObject({
  schema: name.optional(),
  generations: createTableSchema('generations').optional(),
  outputs: createTableSchema('outputs').nullish(),
  users: createTableSchema('users').nullish(),
})

function createTableSchema(table: TableKey) {
  const columns = Object.fromEntries(Object.keys(TABLE_FIELDS[table]).map(field => [field, name.nullish()]))
  return z.strictObject({ table: name.optional(), columns: z.strictObject(columns).optional() })
}

/** Reads a map file. @throws RecordError naming everything that is wrong with it */
export async function readTableMap(path: string): Promise<TableMap> {
  const text = await readFile(path, 'utf8').catch(cause => {
    throw new RecordError(`the map ${path} cannot be read`, { cause })
  })
  return parseTableMap(text)
}

/** Parses the text of a map file. @throws RecordError naming everything that is wrong with it */
export function parseTableMap(text: string): TableMap {
  const parsed = TableMapSchema.safeParse(parseJson(text))
  if (parsed.success) return parsed.data as TableMap
  throw new RecordError(`the map: ${parsed.error.issues.map(formatIssue).join('; ')}`)
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch (cause) {
    throw new RecordError('the map is not JSON', { cause })
  }
}

function formatIssue(issue: z.core.$ZodIssue): string {
  const path = issue.path.join('.') || 'the file'
  if (issue.code !== 'unrecognized_keys') return `${path}: ${issue.message}`
  const [table] = issue.path
  const known = Object.keys(TABLE_FIELDS[table as TableKey] ?? {})
  const isColumn = issue.path.at(1) === 'columns'
  return `${path}: ${issue.keys.join(', ')} ${isColumn ? `is none of ${known.join(', ')}` : 'is not known here'}`
}
