import type { Queryable } from '../../src/database/connection.ts'
import { UNFINISHED_RESTORE_TABLE } from '../../src/database/migrations.ts'
import type { Sequence } from './manifest.ts'

/** A table with the columns that a backup contains: all but the generated ones. */
export interface Table {
  name: string
  columns: string[]
  /** Order of its rows in a backup, as SQL. */
  order: string
}

const EXCLUDED_TABLES = ['migrations', UNFINISHED_RESTORE_TABLE]

/** Lists the studio's tables, each after those that it refers to. The table of migrations is not one of them. */
export async function listTables(db: Queryable): Promise<Table[]> {
  const rows = await db<{ name: string; columns: string[]; keys: string[] | null }[]>`
    select c.relname::text as name,
      array(select quote_ident(a.attname) from pg_attribute a
        where a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped and a.attgenerated = '' order by a.attnum) as columns,
      (select array_agg(quote_ident(a.attname) || case when a.attcollation <> 0 then ' collate "C"' else '' end order by k.n)
        from pg_index i, unnest(i.indkey::int2[]) with ordinality k (attnum, n), pg_attribute a
        where i.indrelid = c.oid and i.indisprimary and a.attrelid = c.oid and a.attnum = k.attnum) as keys
    from pg_class c
    where c.relnamespace = current_schema()::regnamespace and c.relkind = 'r' and not c.relname = any(${EXCLUDED_TABLES})
    order by c.relname`
  const tables = rows.map(({ name, columns, keys }) => ({ name, columns, order: formatOrder(columns, keys) }))
  return sortByReferences(tables, await listReferences(db))
}

/** Returns the names of the migrations that a database has, in order. */
export async function listMigrations(db: Queryable): Promise<string[]> {
  return (await db<{ name: string }[]>`select name from migrations order by id`).map(({ name }) => name)
}

/** Reads the counters of identity columns. They are not part of a snapshot, so they are at or above every row's number. */
export async function readSequences(db: Queryable): Promise<Sequence[]> {
  const found = await db<{ table: string; column: string; sequence: string }[]>`
    select c.relname::text as table, a.attname::text as column,
      pg_get_serial_sequence(quote_ident(c.relname), a.attname) as sequence
    from pg_class c join pg_attribute a on a.attrelid = c.oid
    where c.relnamespace = current_schema()::regnamespace and c.relkind = 'r' and a.attidentity <> '' and not a.attisdropped
      and not c.relname = any(${EXCLUDED_TABLES})
    order by 1, 2`
  const read = async ({ table, column, sequence }: (typeof found)[number]): Promise<Sequence> => {
    const [state] = await db.unsafe<{ last: number; isCalled: boolean }[]>(
      `select last_value as last, is_called as "isCalled" from ${sequence}`,
    )
    return { table, column, last: state?.last ?? 1, isCalled: state?.isCalled ?? false }
  }
  return await Promise.all(found.map(read))
}

export async function writeSequences(db: Queryable, sequences: readonly Sequence[]): Promise<void> {
  for (const { table, column, last, isCalled } of sequences) {
    await db`select setval(pg_get_serial_sequence(quote_ident(${table}), ${column}), ${last}, ${isCalled})`
  }
}

/** Returns whether a table exists in the schema of the studio. */
export async function hasTable(db: Queryable, name: string): Promise<boolean> {
  const [found] = await db<{ exists: boolean }[]>`select to_regclass(quote_ident(${name})) is not null as exists`
  return found?.exists ?? false
}

/** Quotes a table's name for SQL. */
export function quoteName(name: string): string {
  return `"${name.replaceAll('"', '""')}"`
}

interface TableReference {
  from: string
  to: string
}

async function listReferences(db: Queryable): Promise<TableReference[]> {
  return await db<TableReference[]>`
    select f.relname::text as from, t.relname::text as to
    from pg_constraint k join pg_class f on f.oid = k.conrelid join pg_class t on t.oid = k.confrelid
    where k.contype = 'f' and f.relnamespace = current_schema()::regnamespace and f.oid <> t.oid`
}

function formatOrder(columns: readonly string[], keys: readonly string[] | null): string {
  return (keys ?? columns.map(column => `${column}::text collate "C"`)).join(', ')
}

function sortByReferences(tables: readonly Table[], references: readonly TableReference[]): Table[] {
  const sorted = new Map<string, Table>()
  const add = (table: Table, path: readonly string[]) => {
    if (sorted.has(table.name)) return
    if (path.includes(table.name)) throw new Error(`tables refer to one another in a circle: ${path.join(', ')}`)
    for (const { to } of references.filter(({ from }) => from === table.name)) {
      const target = tables.find(({ name }) => name === to)
      if (target) add(target, [...path, table.name])
    }
    sorted.set(table.name, table)
  }
  for (const table of tables) add(table, [])
  return [...sorted.values()]
}
