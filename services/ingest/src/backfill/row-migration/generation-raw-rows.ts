import { sanitizeParameters } from '@darkroom/contracts/parameters'
import { mediaUrl } from '@darkroom/contracts/routes'
import type { Database, Transaction } from '@darkroom/infra/database/connection'
import type { ParameterPatch } from './parameter-patch.ts'

/** A row as it was when its pictures were read. */
export interface RowSnapshot {
  id: string
  workspaceId: string
  /** Rises with every write of the full parameters. */
  rowVersion: string
  publicParameters: unknown
}

const LOCK_NAMESPACE = 4

/** How many rows have a picture as text. */
export async function countCandidates(database: Database): Promise<number> {
  const [row] = await database<{ count: number }[]>`
    select count(*)::int as count from generation_raw where embeds_file(parameters)`
  return row?.count ?? 0
}

/**
 * The next rows that have a picture as text, oldest first.
 *
 * @param cursor the last row's `created_at|id`, null for the first rows
 */
export async function findCandidates(
  database: Database,
  { cursor, limit }: { cursor: string | null; limit: number },
): Promise<{ id: string; cursor: string }[]> {
  const [at = '-infinity', id = '00000000-0000-0000-0000-000000000000'] = cursor?.split('|') ?? []
  return await database<{ id: string; cursor: string }[]>`
    select generation_id as id, timestamp_text(created_at) || '|' || generation_id as cursor
    from generation_raw
    where embeds_file(parameters) and (created_at, generation_id) > (${at}::text::timestamptz, ${id}::text::uuid)
    order by created_at, generation_id limit ${limit}`
}

/**
 * Takes a row for the length of the transaction, which may be long.
 *
 * @param options `runId` of the run that wants it; `milliseconds` that a statement and a pause between two may take from now on
 * @returns `busy` if somebody else has it, `stopped` if the run is no longer running, `gone` if there is no such row
 */
export async function lockRow(
  tx: Transaction,
  id: string,
  { runId, milliseconds }: { runId: string | null; milliseconds: number },
): Promise<RowSnapshot | 'busy' | 'stopped' | 'gone'> {
  const [row] = await tx<(RowSnapshot & { free: boolean; running: boolean })[]>`
    select r.generation_id as id, g.workspace_id as "workspaceId", r.xmin::text as "rowVersion",
           g.parameters as "publicParameters",
           pg_try_advisory_xact_lock(hashtextextended(r.generation_id::text, ${LOCK_NAMESPACE})) as free,
           not exists (select from backfill_runs where id = ${runId}::uuid and state <> 'running') as running,
           set_config('statement_timeout', ${String(milliseconds)}, true),
           set_config('idle_in_transaction_session_timeout', ${String(milliseconds)}, true)
    from generation_raw r join generations g on g.id = r.generation_id
    where r.generation_id = ${id}`
  if (!row) return 'gone'
  if (!row.running) return 'stopped'
  return row.free ? row : 'busy'
}

/**
 * Writes a row's pointers where its pictures were, if it is still as it was read.
 *
 * @returns null if it is not; else whether it is free of files now. Nothing was written where it is null
 */
export async function rewriteRow(
  tx: Transaction,
  row: RowSnapshot,
  patch: ParameterPatch,
): Promise<{ free: boolean } | null> {
  // What is replaced is taken away first: to put one thing in the place of another would copy all of the row once more.
  const replaced = [...patch.remove, ...Object.keys(patch.patch)]
  const [raw] = await tx<{ free: boolean }[]>`
    update generation_raw set parameters = (parameters - ${replaced}::text[]) || ${tx.json(toJsonValue(patch.patch))}
    where generation_id = ${row.id} and xmin::text = ${row.rowVersion}
    returning not embeds_file(parameters) as free`
  const { count } = await tx`
    update generations set parameters = parameters || ${tx.json({ ...sanitizeParameters(patch.patch) })}
    where id = ${row.id} and parameters = ${tx.json(toJsonValue(row.publicParameters))}`
  if (!raw || count === 0) return null
  await replaceReferences(tx, row, patch.referenceUrls)
  return raw
}

/** Who is shown a generation is shown its references from these rows. */
async function replaceReferences(tx: Transaction, row: RowSnapshot, referenceUrls: string[]): Promise<void> {
  const hashes = referenceUrls.map(address => /\/ref\/([0-9a-f]{64})\./.exec(address)?.[1] ?? '')
  await tx`delete from generation_references where generation_id = ${row.id}`
  await tx`
    insert into generation_references (generation_id, position, reference_id, url)
    select ${row.id}, row_number() over (order by n) - 1, i.id, case when i.id is null then given.address end
    from unnest(${referenceUrls}::text[], ${hashes}::text[]) with ordinality as given (address, sha256, n)
    left join reference_images i on i.workspace_id = ${row.workspaceId} and i.sha256 = decode(given.sha256, 'hex')
      and given.address = ${mediaUrl('')} || i.key
    where i.id is not null or given.address ~* '^https?:'`
}

/** What came from JSON goes back into it. */
function toJsonValue(value: unknown) {
  return value as Parameters<Transaction['json']>[0]
}
