import { sanitizeParameters } from '@darkroom/contracts/parameters'
import { mediaUrl } from '@darkroom/contracts/routes'
import type { Database, Transaction } from '@darkroom/infra/database/connection'
import type { GenerationKey } from '@darkroom/infra/generations/generations'
import type { ParameterPatch } from './parameter-patch.ts'

/** A row as it was when it was locked. */
export interface RowSnapshot extends GenerationKey {
  /** Changes with every write of the full parameters. */
  rowVersion: string
  publicParameters: unknown
}

const LOCK_NAMESPACE = 4

/** Counts the rows that embed a file as text. */
export async function countCandidates(database: Database): Promise<number> {
  const [row] = await database<{ count: number }[]>`
    select count(*)::int as count from generation_raw where has_file`
  return row?.count ?? 0
}

/**
 * Returns the next rows that embed a file as text, oldest first.
 *
 * @param options `cursor`: `created_at|id` of the last row; null for the first rows
 */
export async function findCandidates(
  database: Database,
  { cursor, limit }: { cursor: string | null; limit: number },
): Promise<{ id: string; cursor: string }[]> {
  const [createdAt = '-infinity', id = '00000000-0000-0000-0000-000000000000'] = cursor?.split('|') ?? []
  return await database<{ id: string; cursor: string }[]>`
    select generation_id as id, timestamp_text(created_at) || '|' || generation_id as cursor
    from generation_raw
    where has_file and (created_at, generation_id) > (${createdAt}::text::timestamptz, ${id}::text::uuid)
    order by created_at, generation_id limit ${limit}`
}

/** Returns the cursor of a generation's row; undefined if there is none. */
export async function findRowCursor(database: Database, id: string): Promise<string | undefined> {
  const [row] = await database<{ cursor: string }[]>`
    select timestamp_text(created_at) || '|' || generation_id as cursor from generation_raw where generation_id = ${id}`
  return row?.cursor
}

/**
 * Locks a row for the length of the transaction, by an advisory lock that only backfills take.
 *
 * @param options `runId`: run that the row is migrated for; `milliseconds`: timeout of each further statement of the transaction,
 *   and of the time between two
 * @returns `busy` if another backfill has locked it, `stopped` if the run is no longer running, `gone` if there is no such row
 */
export async function lockRow(
  tx: Transaction,
  id: string,
  { runId, milliseconds }: { runId: string | null; milliseconds: number },
): Promise<RowSnapshot | 'busy' | 'stopped' | 'gone'> {
  const [row] = await tx<(RowSnapshot & { isLocked: boolean; isRunning: boolean })[]>`
    select r.generation_id as id, g.workspace_id as "workspaceId", r.xmin::text as "rowVersion",
           g.parameters as "publicParameters",
           pg_try_advisory_xact_lock(hashtextextended(r.generation_id::text, ${LOCK_NAMESPACE})) as "isLocked",
           not exists (select from backfill_runs where id = ${runId}::uuid and state <> 'running') as "isRunning",
           set_config('statement_timeout', ${String(milliseconds)}, true),
           set_config('idle_in_transaction_session_timeout', ${String(milliseconds)}, true)
    from generation_raw r join generations g on g.id = r.generation_id and g.workspace_id = r.workspace_id
    where r.generation_id = ${id}`
  if (!row) return 'gone'
  if (!row.isRunning) return 'stopped'
  return row.isLocked ? row : 'busy'
}

/**
 * Applies a patch to a row, if the row is still as it was when it was locked, and increments the generation's version.
 *
 * @returns null, with the transaction to be rolled back, if the row was edited; else whether it embeds no file any more
 */
export async function rewriteRow(
  tx: Transaction,
  row: RowSnapshot,
  patch: ParameterPatch,
): Promise<{ isMigrated: boolean } | null> {
  const [[raw], { count }] = await Promise.all([
    tx<{ isMigrated: boolean }[]>`
      update generation_raw set parameters = ${applyPatch(tx, patch)}
      where generation_id = ${row.id} and workspace_id = ${row.workspaceId} and xmin::text = ${row.rowVersion}
      returning not has_file as "isMigrated"`,
    tx`
      update generations set parameters = parameters || ${tx.json({ ...sanitizeParameters(patch.patch) })}, version = version + 1
      where id = ${row.id} and workspace_id = ${row.workspaceId} and parameters = ${tx.json(toJsonValue(row.publicParameters))}`,
  ])
  return raw && count > 0 ? raw : null
}

/** Returns whether a row would still embed a file with a patch applied. */
export async function wouldEmbedFile(tx: Transaction, row: RowSnapshot, patch: ParameterPatch): Promise<boolean> {
  const [raw] = await tx<{ hasFile: boolean }[]>`
    select embeds_file(${applyPatch(tx, patch)}) as "hasFile" from generation_raw
    where generation_id = ${row.id} and workspace_id = ${row.workspaceId}`
  return raw?.hasFile ?? false
}

/** Builds the parameters of a patched row. Replaced keys are removed first: to overwrite them would copy the whole row once more. */
function applyPatch(tx: Transaction, { remove, patch }: ParameterPatch) {
  return tx`(parameters - ${[...remove, ...Object.keys(patch)]}::text[]) || ${tx.json(toJsonValue(patch))}`
}

/** Replaces the rows of `generation_references`, which the document of a generation takes its references from. */
export async function replaceReferences(tx: Transaction, row: RowSnapshot, referenceUrls: string[]): Promise<void> {
  const hashes = referenceUrls.map(url => /\/ref\/([0-9a-f]{64})\./.exec(url)?.[1] ?? '')
  const deleted = tx`delete from generation_references where generation_id = ${row.id} and workspace_id = ${row.workspaceId}`
  const inserted = tx`
    insert into generation_references (workspace_id, generation_id, position, reference_id, url)
    select ${row.workspaceId}, ${row.id}, row_number() over (order by n) - 1, i.id, case when i.id is null then input.url end
    from unnest(${referenceUrls}::text[], ${hashes}::text[]) with ordinality as input (url, sha256, n)
    left join reference_images i on i.workspace_id = ${row.workspaceId} and i.sha256 = decode(input.sha256, 'hex')
      and input.url = ${mediaUrl('')} || i.key
    where i.id is not null or input.url ~* '^https?:'`
  await Promise.all([deleted, inserted])
}

/** Casts a value that was parsed from JSON to the type that the driver takes. */
function toJsonValue(value: unknown) {
  return value as Parameters<Transaction['json']>[0]
}
