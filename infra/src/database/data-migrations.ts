import { SANITIZER_VERSION, sanitizeParameters } from '@darkroom/contracts/parameters'
import { bumpVersion } from '../generations/generations.ts'
import type { Database, Transaction } from './connection.ts'
import { transaction } from './transaction.ts'

/** Work that a newer version needs done once on every generation. The name tells what of, and which version of it. */
export interface DataMigration {
  name: string
  /** How many generations at a time. */
  batchSize: number
  run(tx: Transaction, ids: readonly string[]): Promise<void>
}

/** Rises when a migration changes what `generation_document` gives, or what is searched: every text is then made anew. */
export const DOCUMENT_VERSION = 1

/** All of it, in the order in which it is done. Each is done once a database. */
export const DATA_MIGRATIONS: readonly DataMigration[] = [
  createParametersMigration(SANITIZER_VERSION, sanitizeParameters),
  createDocumentsMigration(),
]

/**
 * Does what has not been done yet, some generations a transaction, and goes on where an earlier run was stopped. Any number
 * may run at once: they take turns.
 *
 * @param options `say` is told how far a step has come
 */
export async function runDataMigrations(
  database: Database,
  options: {
    migrations?: readonly DataMigration[]
    signal?: AbortSignal | undefined
    onMessage?: ((line: string) => void) | undefined
  },
): Promise<void> {
  for (const migration of options.migrations ?? DATA_MIGRATIONS) {
    await database`insert into upkeep (name) values (${migration.name}) on conflict do nothing`
    for (let done = 0, more = true; more; ) {
      options.signal?.throwIfAborted()
      const count = await transaction(database, tx => runBatch(tx, migration))
      more = count > 0
      done += count
      if (more) options.onMessage?.(`${migration.name}: ${done} generations`)
    }
  }
}

/** What is public of the parameters, by the rule as it is now, from what came in full. */
export function createParametersMigration(version: number, sanitize: (parameters: unknown) => object): DataMigration {
  const work = async (tx: Transaction, ids: readonly string[]) => {
    // One after the other: each may be as large as the pictures in it.
    for (const id of ids) await resanitizeParameters(tx, id, sanitize)
  }
  return { name: `parameters-${version}`, batchSize: 50, run: work }
}

function createDocumentsMigration(): DataMigration {
  const work = async (tx: Transaction, ids: readonly string[]) => {
    await tx`select write_document(id), write_words(id) from unnest(${ids as string[]}::uuid[]) id`
  }
  return { name: `documents-${DOCUMENT_VERSION}`, batchSize: 500, run: work }
}

/** @returns how many generations were worked on; none when the step is finished */
async function runBatch(tx: Transaction, migration: DataMigration): Promise<number> {
  const [state] = await tx<{ cursor: string | null; finished: boolean }[]>`
    select cursor, finished_at is not null as finished from upkeep where name = ${migration.name} for update`
  if (!state || state.finished) return 0
  const rows = await tx<{ id: string }[]>`
    select id from generations where ${state.cursor}::uuid is null or id > ${state.cursor}::uuid
    order by id limit ${migration.batchSize} for no key update`
  const last = rows.at(-1)
  if (last)
    await migration.run(
      tx,
      rows.map(row => row.id),
    )
  await tx`
    update upkeep set cursor = coalesce(${last?.id ?? null}::uuid, cursor),
      finished_at = case when ${last === undefined}::boolean then clock_timestamp() end
    where name = ${migration.name}`
  return rows.length
}

async function resanitizeParameters(
  tx: Transaction,
  id: string,
  sanitize: (parameters: unknown) => object,
): Promise<void> {
  const [row] = await tx<{ parameters: unknown }[]>`
    select coalesce(r.parameters, g.parameters) as parameters
    from generations g left join generation_raw r on r.generation_id = g.id where g.id = ${id}`
  const sanitized = tx.json({ ...sanitize(row?.parameters) })
  const { count } = await tx`
    update generations set parameters = ${sanitized} where id = ${id} and parameters <> ${sanitized}::jsonb`
  if (count > 0) await bumpVersion(tx, id)
}
