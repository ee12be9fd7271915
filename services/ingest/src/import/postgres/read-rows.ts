import { type ForeignDatabase, ForeignDatabaseError, type ForeignRow } from '@darkroom/infra/database/foreign-database'
import type { SourceTable, SourceTables } from './find-tables.ts'
import { declareKeys, selectBytes, selectGenerations, selectOutputs, selectUsers } from './select-rows.ts'

/** A generation of the other database with its outputs, each a row of texts by the names of what they hold. */
export interface GenerationRow {
  id: string
  values: ForeignRow
  outputs: readonly ForeignRow[]
  /** Bytes of the texts, about. */
  bytes: number
}

/** A generation that the other database cannot read, or that is too large. */
export interface UnreadableRow {
  id: string
  reason: string
}

interface BatchLimits {
  rows: number
  /** Bytes of a batch that is read at once; a row beyond it is read alone. */
  bytes: number
  /** Bytes of a row with its outputs that is read at all. */
  rowBytes: number
}

const MIB = 1024 * 1024
/** A row takes several times its bytes until it is imported. */
const BATCH_LIMITS: BatchLimits = { rows: 500, bytes: 8 * MIB, rowBytes: 256 * MIB }

interface SizedKey {
  id: string
  bytes: number
}

/**
 * Reads all generations, the oldest first, in batches that are small where rows are large: it keeps one batch in memory. A row that
 * the other database cannot read is named, and the others are read.
 *
 * @throws ForeignDatabaseError if the connection is lost
 */
export async function* readRows(
  database: ForeignDatabase,
  tables: SourceTables,
  limits = BATCH_LIMITS,
): AsyncGenerator<GenerationRow | UnreadableRow> {
  const [version] = await database.query(`select current_setting('server_version_num') as version`)
  await database.query(declareKeys(tables))
  for (;;) {
    const keys = await database.query(`fetch ${limits.rows} from keys`)
    if (keys.length === 0) return
    const ids = keys.map(({ id }) => id ?? '')
    const sized = await measureKeys(database, tables, ids, Number(version?.version ?? 0))
    for (const batch of splitKeys(sized, limits)) yield* readBatch(database, tables, batch, limits)
  }
}

async function measureKeys(
  database: ForeignDatabase,
  tables: SourceTables,
  ids: readonly string[],
  version: number,
): Promise<SizedKey[]> {
  const bytes = new Map<string, number>()
  const measure = async (table: SourceTable, field: string) => {
    const rows = await database.tryQuery(selectBytes(table, field, version), [JSON.stringify(ids)])
    for (const row of rows) bytes.set(row.id ?? '', (bytes.get(row.id ?? '') ?? 0) + Number(row.bytes ?? 0))
  }
  try {
    await measure(tables.generations, 'id')
    if (tables.outputs) await measure(tables.outputs, 'generation')
  } catch (error) {
    if (!isRowError(error)) throw error
    // One of them cannot be read: each is read alone, which names it.
    return ids.map(id => ({ id, bytes: Number.POSITIVE_INFINITY }))
  }
  return ids.map(id => ({ id, bytes: bytes.get(id) ?? 0 }))
}

/** Splits keys, in their order, where a batch would have too many bytes. */
function splitKeys(keys: readonly SizedKey[], limits: BatchLimits): SizedKey[][] {
  const batches: SizedKey[][] = []
  let left = 0
  for (const key of keys) {
    const batch = batches.at(-1)
    if (batch && key.bytes <= left) batch.push(key)
    else batches.push([key])
    left = (batch && key.bytes <= left ? left : limits.bytes) - key.bytes
  }
  return batches
}

async function* readBatch(
  database: ForeignDatabase,
  tables: SourceTables,
  batch: readonly SizedKey[],
  limits: BatchLimits,
): AsyncGenerator<GenerationRow | UnreadableRow> {
  const [first] = batch
  if (first && batch.length === 1 && first.bytes > limits.rowBytes && Number.isFinite(first.bytes)) {
    yield { id: first.id, reason: `is larger than ${limits.rowBytes / MIB} MB` }
    return
  }
  try {
    yield* await fetchBatch(database, tables, batch)
  } catch (error) {
    if (!isRowError(error)) throw error
    if (first && batch.length === 1) {
      yield { id: first.id, reason: `cannot be read there (${error.code})` }
      return
    }
    for (const key of batch) yield* readBatch(database, tables, [key], limits)
  }
}

async function fetchBatch(
  database: ForeignDatabase,
  tables: SourceTables,
  batch: readonly SizedKey[],
): Promise<(GenerationRow | UnreadableRow)[]> {
  const ids = JSON.stringify(batch.map(({ id }) => id))
  const rows = await database.tryQuery(selectGenerations(tables), [ids])
  const outputs = tables.outputs ? await database.tryQuery(selectOutputs(tables.outputs), [ids]) : []
  const outputsById = Map.groupBy(outputs, ({ generation }) => generation ?? '')
  const rowsById = new Map(rows.map(row => [row.id ?? '', row]))
  return batch.map(({ id, bytes }) => {
    const values = rowsById.get(id)
    return values
      ? { id, values, outputs: outputsById.get(id) ?? [], bytes: Number.isFinite(bytes) ? bytes : 0 }
      : { id, reason: 'is not found by its id there' }
  })
}

/** Returns whether a statement failed because of what it read; a lost connection or a missing right would be met again. */
function isRowError(error: unknown): error is ForeignDatabaseError {
  return error instanceof ForeignDatabaseError && /^(22|54|XX|53200|57014)/.test(error.code)
}

/** Finds the names of users. What was found is kept, as few people have made most generations. */
export interface UserNames {
  load(ids: readonly string[]): Promise<void>
  get(id: string): string | undefined
}

const MAX_NAMES = 20_000

export function createUserNames(database: ForeignDatabase, { users, generations }: SourceTables): UserNames {
  const names = new Map<string, string | undefined>()
  const query = users && selectUsers(users, generations.columns.get('user'))
  return {
    get: id => names.get(id),
    load: async ids => {
      const unknown = [...new Set(ids)].filter(id => !names.has(id))
      if (query === null || unknown.length === 0) return
      if (names.size > MAX_NAMES) names.clear()
      for (const id of unknown) names.set(id, undefined)
      for (const row of await database.query(query, [JSON.stringify(unknown)]))
        names.set(row.id ?? '', [row.name, row.username, row.email].find(name => name?.trim()) ?? undefined)
    },
  }
}
