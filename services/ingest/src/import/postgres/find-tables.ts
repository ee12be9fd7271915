import { type ForeignDatabase, type ForeignRow, quoteIdentifier } from '@darkroom/infra/database/foreign-database'
import { RecordError } from '../record.ts'
import { REQUIRED_FIELDS, TABLE_FIELDS, TABLE_NAMES, type TableKey, toPlainName } from './fields.ts'
import type { ColumnMap, TableMap } from './table-map.ts'

/** A column of the other database. */
export interface SourceColumn {
  name: string
  /** Its type as in a cast. */
  type: string
  /** Category of the type: `A` an array, `D` a time, `N` a number. @see https://www.postgresql.org/docs/current/catalog-pg-type.html */
  category: string
  /** Whether a value may be of any length. */
  isWide: boolean
}

/** A table of the other database, with the columns that are read. */
export interface SourceTable {
  /** Its name as people write it. */
  name: string
  /** Its name as a statement has it. */
  from: string
  columns: ReadonlyMap<string, SourceColumn>
  /** Whether a policy of the table hides rows from the user. */
  hidesRows: boolean
  /** Columns that are not read. */
  otherColumns: readonly string[]
}

export interface SourceTables {
  generations: SourceTable
  outputs: SourceTable | null
  users: SourceTable | null
}

interface FoundTable {
  schema: string
  name: string
  /** Position of its schema in the search path. */
  position: number
  hidesRows: boolean
  columns: Map<string, SourceColumn>
}

/** Columns that the user may read, of tables and views of the search path or of one schema. */
const COLUMNS_QUERY = `
  select n.nspname as schema, c.relname as "table", a.attname as "column", format_type(a.atttypid, null) as type,
         t.typcategory as category, (t.typlen = -1)::text as wide,
         coalesce(array_position(current_schemas(false), n.nspname), 0)::text as position,
         row_security_active(c.oid)::text as hides
  from pg_catalog.pg_attribute a
    join pg_catalog.pg_class c on c.oid = a.attrelid
    join pg_catalog.pg_namespace n on n.oid = c.relnamespace
    join pg_catalog.pg_type t on t.oid = a.atttypid
  where a.attnum > 0 and not a.attisdropped and c.relkind in ('r', 'p', 'v', 'm', 'f')
    and n.nspname = any(case when $1 = '' then current_schemas(false) else array[$1::name] end)
    and has_column_privilege(c.oid, a.attnum, 'select')
  order by 7, 2, a.attnum`

/**
 * Finds the tables of generations, outputs and users, by their names or by those of a map.
 *
 * @throws RecordError if there is no table of generations, two could be one, or a name of the map is not there
 */
export async function findTables(database: ForeignDatabase, map: TableMap): Promise<SourceTables> {
  const tables = toTables(await database.query(COLUMNS_QUERY, [map.schema ?? '']))
  if (tables.length === 0) throw new RecordError(describeEmptySchema(map.schema))
  const find = (key: TableKey) => (map[key] === null ? null : findTable(tables, key, map))
  const generations = find('generations')
  if (!generations) throw new RecordError(describeMissingTable(tables))
  return { generations, outputs: find('outputs'), users: find('users') }
}

function toTables(rows: readonly ForeignRow[]): FoundTable[] {
  const tables = new Map<string, FoundTable>()
  for (const row of rows) {
    const { schema, table, column, type, category, wide, position, hides } = row as Record<string, string>
    if (!schema || !table || !column) continue
    const key = JSON.stringify([schema, table])
    const described = { schema, name: table, position: Number(position), hidesRows: hides === 'true' }
    const found = tables.get(key) ?? { ...described, columns: new Map() }
    found.columns.set(column, { name: column, type: type ?? 'text', category: category ?? '', isWide: wide === 'true' })
    tables.set(key, found)
  }
  return [...tables.values()]
}

function findTable(tables: readonly FoundTable[], key: TableKey, map: TableMap): SourceTable | null {
  const { table: name, columns = {} } = map[key] ?? {}
  const found = name === undefined ? guessTable(tables, key, columns) : tables.find(table => table.name === name)
  if (!found && name !== undefined)
    throw new RecordError(`the map: ${key}.table: there is no table ${name}, or it may not be read`)
  return found ? resolveColumns(found, key, columns) : null
}

/** Finds a table by its name. Of those of one name, the first schema of the search path has it. */
function guessTable(tables: readonly FoundTable[], key: TableKey, columns: ColumnMap): FoundTable | undefined {
  const named = tables.filter(table => isNamed(table.name, key) && hasRequired(table, key, columns))
  const candidates = named.filter(({ position }) => position === named[0]?.position)
  if (candidates.length <= 1) return candidates[0]
  // Many systems have both users and their profiles: either has a name.
  if (key === 'users') return candidates.find(table => /^users?$/.test(toPlainName(table.name))) ?? candidates[0]
  const list = candidates.map(table => table.name).join(' and ')
  throw new RecordError(`${list} could both be the table of ${key}: name one with --map`)
}

function isNamed(name: string, key: TableKey): boolean {
  const names: readonly string[] = TABLE_NAMES[key]
  return names.includes(toPlainName(name))
}

function hasRequired(table: FoundTable, key: TableKey, columns: ColumnMap): boolean {
  return REQUIRED_FIELDS[key].every(field => findColumn(table, key, field, columns) !== undefined)
}

function resolveColumns(table: FoundTable, key: TableKey, map: ColumnMap): SourceTable {
  const columns = new Map<string, SourceColumn>()
  for (const field of Object.keys(TABLE_FIELDS[key])) {
    const column = findColumn(table, key, field, map)
    const isTaken = [...columns.values()].some(({ name }) => name === column?.name)
    if (column && !isTaken) columns.set(field, column)
  }
  const missing = REQUIRED_FIELDS[key].filter(field => !columns.has(field))
  if (missing.length > 0) throw new RecordError(describeMissingColumns(table.name, missing))
  const read = new Set([...columns.values()].map(({ name }) => name))
  return {
    name: table.name,
    from: `${quoteIdentifier(table.schema)}.${quoteIdentifier(table.name)}`,
    columns,
    hidesRows: table.hidesRows,
    otherColumns: [...table.columns.keys()].filter(name => !read.has(name)),
  }
}

function findColumn(table: FoundTable, key: TableKey, field: string, map: ColumnMap): SourceColumn | undefined {
  const mapped = map[field]
  if (mapped === null) return undefined
  if (mapped !== undefined) {
    const column = table.columns.get(mapped)
    if (column) return column
    throw new RecordError(`the map: ${key}.columns.${field}: the table ${table.name} has no column ${mapped}`)
  }
  const names = (TABLE_FIELDS[key] as Record<string, readonly string[]>)[field] ?? []
  const claimed = new Set(Object.values(map))
  const free = [...table.columns.values()].filter(({ name }) => !claimed.has(name))
  return names.map(name => free.find(column => toPlainName(column.name) === name)).find(column => column !== undefined)
}

function describeEmptySchema(schema: string | undefined): string {
  const where = schema === undefined ? 'The search path of this user' : `The schema ${schema}`
  return `${where} has no table that may be read. Name the schema in the address (?schema=…) or with --map.`
}

function describeMissingColumns(table: string, fields: readonly string[]): string {
  return `the table ${table} has no column for ${fields.join(', ')} that may be read: name it with --map`
}

function describeMissingTable(tables: readonly FoundTable[]): string {
  const named = tables.find(({ name }) => isNamed(name, 'generations'))
  if (named) return describeMissingColumns(named.name, REQUIRED_FIELDS.generations)
  const names = tables.map(({ name }) => name)
  const list = names.length > 12 ? `${names.slice(0, 12).join(', ')} and ${names.length - 12} others` : names.join(', ')
  return `No table is called Generation or generations. There are ${list}: name one with --map.`
}
