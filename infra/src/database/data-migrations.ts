import { SANITIZER_VERSION, sanitizeParameters } from '@darkroom/contracts/parameters'
import { bumpVersion } from '../generations/generations.ts'
import { createAdaptiveBatches } from './adaptive-batch.ts'
import type { Database, Transaction } from './connection.ts'

/** A migration of the data of every generation that a newer version needs once. The name contains what it changes and its version. */
export interface DataMigration {
  name: string
  /** Most generations in one transaction; fewer on a busy machine. */
  batchSize: number
  run(tx: Transaction, ids: readonly string[]): Promise<void>
}

/** Time between two messages about the progress of a migration. */
const MESSAGE_INTERVAL_MS = 10_000

/** Version of the documents. It rises when a migration changes them: all are then rebuilt. */
export const DOCUMENT_VERSION = 6
/** Version of the search words. It rises when a migration changes them: all are then rebuilt. */
export const WORDS_VERSION = 6

/** Every data migration, in order. Each runs once in a database. */
export const DATA_MIGRATIONS: readonly DataMigration[] = [
  createParametersMigration(SANITIZER_VERSION, sanitizeParameters),
  createDocumentsMigration(),
  createWordsMigration(),
  createFilesMigration(),
]

/**
 * Runs the data migrations that are not finished, one batch of generations per transaction, and continues where an earlier run was
 * stopped. A batch that the database has no time for is run again with fewer. Any number of runs may overlap: they take turns.
 *
 * @param options `onMessage` receives the progress now and then, and the number of generations at the end
 * @throws the reason of `signal` once it is aborted
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
    const signal = options.signal ?? new AbortController().signal
    const onRetry = (_: unknown, size: number) =>
      options.onMessage?.(`${migration.name}: the database is busy, going on with ${size} at a time`)
    const batches = createAdaptiveBatches(database, { maxSize: migration.batchSize, signal, onRetry })
    await database`insert into upkeep (name) values (${migration.name}) on conflict do nothing`
    let [done, nextMessageAt] = [0, performance.now() + MESSAGE_INTERVAL_MS]
    for (let more = true; more; ) {
      options.signal?.throwIfAborted()
      const count = await batches.run((tx, size) => runBatch(tx, migration, size))
      more = count > 0
      done += count
      if (more ? performance.now() < nextMessageAt : done === 0) continue
      nextMessageAt = performance.now() + MESSAGE_INTERVAL_MS
      options.onMessage?.(`${migration.name}: ${done} generations${more ? ' so far' : ''}`)
    }
  }
}

/** Creates the migration that sanitizes the parameters again, by the current rule, from the full ones. */
export function createParametersMigration(version: number, sanitize: (parameters: unknown) => object): DataMigration {
  const work = async (tx: Transaction, ids: readonly string[]) => {
    // One after the other: the full parameters may contain whole images.
    for (const id of ids) await resanitizeParameters(tx, id, sanitize)
  }
  return { name: `parameters-${version}`, batchSize: 50, run: work }
}

function createDocumentsMigration(): DataMigration {
  const work = async (tx: Transaction, ids: readonly string[]) => {
    await tx`select write_document(id) from unnest(${ids as string[]}::uuid[]) id`
  }
  return { name: `documents-${DOCUMENT_VERSION}`, batchSize: 500, run: work }
}

function createWordsMigration(): DataMigration {
  const work = async (tx: Transaction, ids: readonly string[]) => {
    await tx`select write_words(id) from unnest(${ids as string[]}::uuid[]) id`
  }
  return { name: `words-${WORDS_VERSION}`, batchSize: 500, run: work }
}

/** Creates the migration that marks the rows whose full parameters embed a file as text. It reads each of them. */
function createFilesMigration(): DataMigration {
  const work = async (tx: Transaction, ids: readonly string[]) => {
    await tx`
      update generation_raw set has_file = true
      where generation_id = any(${ids as string[]}::uuid[]) and not has_file and embeds_file(parameters)`
  }
  return { name: 'files-1', batchSize: 50, run: work }
}

/** Runs the next batch. @returns the number of generations in it; 0 when the migration is finished */
async function runBatch(tx: Transaction, migration: DataMigration, size: number): Promise<number> {
  const [state] = await tx<{ cursor: string | null; finished: boolean }[]>`
    select cursor, finished_at is not null as finished from upkeep where name = ${migration.name} for update`
  if (!state || state.finished) return 0
  const rows = await tx<{ id: string }[]>`
    select id from generations where ${state.cursor}::uuid is null or id > ${state.cursor}::uuid
    order by id limit ${size} for no key update`
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
  const [row] = await tx<{ parameters: unknown; workspaceId: string }[]>`
    select coalesce(r.parameters, g.parameters) as parameters, g.workspace_id as "workspaceId"
    from generations g left join generation_raw r on r.generation_id = g.id and r.workspace_id = g.workspace_id
    where g.id = ${id}`
  if (!row) return
  const sanitized = tx.json({ ...sanitize(row.parameters) })
  const { count } = await tx`
    update generations set parameters = ${sanitized} where id = ${id} and parameters <> ${sanitized}::jsonb`
  if (count > 0) await bumpVersion(tx, { id, workspaceId: row.workspaceId })
}
