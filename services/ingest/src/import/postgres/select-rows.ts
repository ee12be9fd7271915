import { quoteIdentifier } from '@darkroom/infra/database/foreign-database'
import type { SourceColumn, SourceTable, SourceTables } from './find-tables.ts'

/** Statements that read the tables of another database. Each has the ids that it is about as one parameter, a JSON array of texts. */

/** Declares the cursor of the ids of all generations, the oldest first: what a generation was made from comes before it. */
export function declareKeys({ generations }: SourceTables): string {
  const id = column(generations, 'id')
  const createdAt = generations.columns.get('createdAt')
  const order = createdAt ? `${quoteIdentifier(createdAt.name)} nulls last, ${id}` : id
  return `declare keys no scroll cursor for select ${id}::text as id from ${generations.from} where ${id} is not null order by ${order}`
}

/** Selects every column of generations that is read, by the name of what it holds. */
export function selectGenerations({ generations }: SourceTables): string {
  return `select ${listColumns(generations)} from ${generations.from} where ${isAmong(generations, 'id')}`
}

/** Selects the outputs of generations, in their order, with the id of their generation as `generation`. */
export function selectOutputs(outputs: SourceTable): string {
  const order = ['position', 'createdAt', 'id'].flatMap(field => {
    const found = outputs.columns.get(field)
    return found ? [`${quoteIdentifier(found.name)} nulls last`] : []
  })
  const orderBy = order.length > 0 ? ` order by ${order.join(', ')}` : ''
  return `select ${listColumns(outputs)} from ${outputs.from} where ${isAmong(outputs, 'generation')}${orderBy}`
}

/** Selects users by their ids, which may be of another type where they are referred to. */
export function selectUsers(users: SourceTable, reference: SourceColumn | undefined): string {
  const isSame = reference?.type === users.columns.get('id')?.type
  const condition = isSame ? isAmong(users, 'id') : `${column(users, 'id')}::text in (${selectIds('text')})`
  return `select ${listColumns(users)} from ${users.from} where ${condition}`
}

/** Selects the bytes that a table's rows take as text, summed up by an id. */
export function selectBytes(table: SourceTable, field: string, serverVersion: number): string {
  const wide = [...table.columns.values()].filter(({ isWide }) => isWide)
  const bytes = wide.map(({ name }) => measureColumn(quoteIdentifier(name), serverVersion)).join(' + ') || '0'
  const id = column(table, field)
  return `select ${id}::text as id, sum(${bytes})::text as bytes from ${table.from} where ${isAmong(table, field)} group by ${id}`
}

/** Counts rows, those with an id, and the values of each column that is not read. */
export function selectCounts(table: SourceTable, idField: string): string {
  const others = table.otherColumns.map((name, index) => `count(${quoteIdentifier(name)})::text as "other${index}"`)
  return `select ${['count(*)::text as rows', `count(${column(table, idField)})::text as ids`, ...others].join(', ')} from ${table.from}`
}

/** Counts the outputs whose generation is not there. */
export function selectOrphans({ generations }: SourceTables, outputs: SourceTable): string {
  const [id, reference] = [generations.columns.get('id'), outputs.columns.get('generation')]
  const cast = id?.type === reference?.type ? '' : '::text'
  return `select count(*)::text as orphans from ${outputs.from} o where not exists (
    select from ${generations.from} g where g.${column(generations, 'id')}${cast} = o.${column(outputs, 'generation')}${cast})`
}

/** Builds the condition that a column is one of the ids. They have its type: an index of the column can be used. */
function isAmong(table: SourceTable, field: string): string {
  const type = table.columns.get(field)?.type ?? 'text'
  // `character` without a length is one of 1 as a cast.
  return `${column(table, field)} in (${selectIds(type === 'character' ? 'text' : type)})`
}

/** Selects the ids as rows: without an index they are hashed, where an array would be searched for each row of the table. */
function selectIds(type: string): string {
  return `select given::${type} from jsonb_array_elements_text($1::text::jsonb) given`
}

function column(table: SourceTable, field: string): string {
  return quoteIdentifier(table.columns.get(field)?.name ?? field)
}

function listColumns({ columns }: SourceTable): string {
  const list = [...columns].map(([field, found]) => `${toText(found)} as ${quoteIdentifier(field)}`)
  return list.join(', ')
}

/** Times as text keep their microseconds, and numbers all of their digits. */
function toText({ name, category }: SourceColumn): string {
  const quoted = quoteIdentifier(name)
  return category === 'A' || category === 'C' ? `to_json(${quoted})::text` : `${quoted}::text`
}

// `pg_column_compression` tells without reading a value whether it is larger than it lies there.
function measureColumn(quoted: string, serverVersion: number): string {
  const isLarger =
    serverVersion >= 140_000 ? `pg_column_compression(${quoted}) is not null` : `pg_column_size(${quoted}) > 500`
  return `case when ${isLarger} then octet_length(${quoted}::text) else coalesce(pg_column_size(${quoted}), 0) end`
}
