import type { Kind } from '@darkroom/contracts/enums'
import { parseReferenceUrl, sanitizeParameters } from '@darkroom/contracts/parameters'
import type { Database, Transaction } from '@darkroom/infra/database/connection'
import { transaction } from '@darkroom/infra/database/transaction'
import { publishChanges } from '@darkroom/infra/generations/generations'
import type { Identity } from '@darkroom/infra/http/identity'
import { toClientId } from './import-ids.ts'
import type { ImportRecord } from './record.ts'

/** An output whose bytes are in the store. */
export interface StoredOutput {
  kind: 'stored'
  key: string
  sha256: string
  bytes: number
  mimeType: string
  width: number
  height: number
  placeholder: string | null
  mediaKind: Kind
  /** In seconds; null for an image. */
  duration: number | null
}

/** An output that is only at its URL. */
export interface RemoteOutput {
  kind: 'temporary'
  url: string
  width: number | null
  height: number | null
}

export type ImportedOutput = (StoredOutput | RemoteOutput) & { isFavourite: boolean }

export interface NewImport {
  id: string
  clientId: string
  identity: Identity
  record: ImportRecord
  outputs: readonly ImportedOutput[]
}

/** Returns those of the client ids that a workspace has. One that is the id of a generation is of this studio itself. */
export async function findImported(
  database: Database,
  workspaceId: string,
  clientIds: readonly string[],
): Promise<Set<string>> {
  if (clientIds.length === 0) return new Set()
  const rows = await database<{ clientId: string }[]>`
    select client_id as "clientId" from generations
    where workspace_id = ${workspaceId} and client_id = any(${[...clientIds]}::uuid[])
    union all
    select id from generations where workspace_id = ${workspaceId} and id = any(${[...clientIds]}::uuid[])`
  return new Set(rows.map(({ clientId }) => clientId))
}

/** Rolls a transaction back that did everything it should. */
class DryRunRollback extends Error {}

/**
 * Inserts generations of another system in one transaction, unchanged: with all of their parameters, embedded images included, which
 * the backfill migrates later. Outputs that are only at their URL are rehosted like any other `temporary` output.
 *
 * @param options `isDryRun`: the transaction is rolled back at its end, after all constraints were checked
 * @returns the number of generations that were inserted: nothing is written for those whose client id is taken
 */
export async function insertBatch(
  database: Database,
  imports: readonly NewImport[],
  { isDryRun, signal }: { isDryRun: boolean; signal: AbortSignal },
): Promise<number> {
  let inserted = 0
  const work = async (tx: Transaction) => {
    inserted = await insertImports(tx, imports)
    if (!isDryRun) return
    await tx`set constraints all immediate`
    throw new DryRunRollback()
  }
  await transaction(database, work, { signal }).catch(error => {
    if (!(error instanceof DryRunRollback)) throw error
  })
  return inserted
}

async function insertImports(tx: Transaction, imports: readonly NewImport[]): Promise<number> {
  const insertedIds = await insertGenerations(tx, imports)
  const inserted = imports.filter(({ id }) => insertedIds.has(id))
  if (inserted.length === 0) return 0
  await insertParts(tx, inserted)
  await insertOutputs(tx, inserted)
  await insertReferences(tx, inserted)
  await updateParents(tx, inserted)
  await publishChanges(
    tx,
    inserted.map(({ id, identity: { workspaceId } }) => ({ id, workspaceId })),
  )
  return inserted.length
}

/** @returns the ids of those that were inserted */
async function insertGenerations(tx: Transaction, imports: readonly NewImport[]): Promise<Set<string>> {
  const list = <T>(select: (item: NewImport) => T): T[] => imports.map(select)
  const rows = await tx<{ id: string }[]>`
    insert into generations (id, workspace_id, user_id, client_id, fingerprint, status, kind, model, provider, prompt,
                             parameters, num_outputs, error, created_at, started_at, completed_at, author, deleted_at)
    select id, workspace, owner, client, '', status, kind, model, 'imported', prompt, parameters::jsonb, outputs, error::jsonb,
           created, case when completed <> created then created end, completed, author, case when trashed then clock_timestamp() end
    from unnest(
      ${list(({ id }) => id)}::uuid[], ${list(({ identity }) => identity.workspaceId)}::uuid[],
      ${list(({ identity }) => identity.userId)}::uuid[], ${list(({ clientId }) => clientId)}::uuid[],
      ${list(({ record }) => record.status)}::text[], ${list(({ record }) => record.kind)}::text[],
      ${list(({ record }) => record.model)}::text[], ${list(({ record }) => record.prompt)}::text[],
      ${list(({ record }) => JSON.stringify(sanitizeParameters(record.parameters)))}::text[],
      ${list(({ outputs }) => outputs.length)}::smallint[],
      ${list(({ record }) => record.error && JSON.stringify(record.error))}::text[],
      ${list(({ record }) => record.createdAt)}::text[]::timestamptz[],
      ${list(({ record }) => record.completedAt)}::text[]::timestamptz[],
      ${list(({ record }) => record.author || null)}::text[],
      ${list(({ record }) => String(record.isTrashed ?? false))}::text[]::boolean[]
    ) input (id, workspace, owner, client, status, kind, model, prompt, parameters, outputs, error, created, completed, author, trashed)
    on conflict (workspace_id, client_id) do nothing
    returning id`
  return new Set(rows.map(({ id }) => id))
}

/** Inserts the rows that each generation has one of. */
async function insertParts(tx: Transaction, imports: readonly NewImport[]): Promise<void> {
  const [ids, workspaces] = [imports.map(({ id }) => id), imports.map(({ identity }) => identity.workspaceId)]
  const records = imports.map(({ record }) => record)
  await tx`
    insert into generation_raw (workspace_id, generation_id, parameters, created_at)
    select workspace, id, parameters::jsonb, created
    from unnest(${ids}::uuid[], ${workspaces}::uuid[], ${records.map(({ parameters }) => JSON.stringify(parameters))}::text[],
                ${records.map(({ createdAt }) => createdAt)}::text[]::timestamptz[]) input (id, workspace, parameters, created)`
  await tx`
    insert into generation_jobs (workspace_id, generation_id)
    select workspace, id from unnest(${ids}::uuid[], ${workspaces}::uuid[]) input (id, workspace)`
  await tx`
    insert into generation_events (workspace_id, generation_id, at, attempt, to_status, detail)
    select workspace, id, at, 0, status, 'imported'
    from unnest(${ids}::uuid[], ${workspaces}::uuid[], ${records.map(({ status }) => status)}::text[],
                ${records.map(({ completedAt, createdAt }) => completedAt ?? createdAt)}::text[]::timestamptz[])
      input (id, workspace, status, at)`
}

/** A row of `generation_outputs`, with null for what its state does not have. */
interface OutputRow {
  id: string
  workspaceId: string
  index: number
  kind: string
  output: Partial<StoredOutput> & Partial<Pick<RemoteOutput, 'url'>> & { isFavourite: boolean; state: string }
  width: number | null
  height: number | null
}

async function insertOutputs(tx: Transaction, imports: readonly NewImport[]): Promise<void> {
  const rows = imports.flatMap(toOutputRows)
  if (rows.length === 0) return
  const list = <T>(select: (row: OutputRow) => T): T[] => rows.map(select)
  await tx`
    with inserted as (
      insert into generation_outputs (workspace_id, generation_id, index, state, kind, key, placeholder, width, height, bytes, mime_type,
                                      sha256, provider_url, favourite, duration)
      select workspace, id, index, state, kind, key, placeholder, width, height, bytes, type, decode(hash, 'hex'), url, favourite, duration
      from unnest(
        ${list(({ workspaceId }) => workspaceId)}::uuid[], ${list(({ id }) => id)}::uuid[],
        ${list(({ index }) => index)}::smallint[], ${list(({ output }) => output.state)}::text[],
        ${list(({ kind }) => kind)}::text[], ${list(({ output }) => output.key ?? null)}::text[],
        ${list(({ output }) => output.placeholder ?? null)}::text[], ${list(({ width }) => width)}::integer[],
        ${list(({ height }) => height)}::integer[], ${list(({ output }) => output.bytes ?? null)}::bigint[],
        ${list(({ output }) => output.mimeType ?? null)}::text[], ${list(({ output }) => output.sha256 ?? null)}::text[],
        ${list(({ output }) => output.url ?? null)}::text[], ${list(({ output }) => String(output.isFavourite))}::text[]::boolean[],
        ${list(({ output }) => output.duration ?? null)}::real[]
      ) input (workspace, id, index, state, kind, key, placeholder, width, height, bytes, type, hash, url, favourite, duration)
      returning workspace_id, generation_id, index, state
    )
    insert into rehosts (workspace_id, generation_id, index)
    select workspace_id, generation_id, index from inserted where state = 'temporary'`
}

function toOutputRows({ id, identity: { workspaceId }, record, outputs }: NewImport): OutputRow[] {
  return outputs.map(({ kind: state, width, height, ...output }, index) => {
    const kind = 'mediaKind' in output ? output.mediaKind : record.kind
    return { id, workspaceId, index, kind, output: { ...output, state }, width, height }
  })
}

/** Inserts the references that are URLs. The backfill inserts those that are embedded as text. */
async function insertReferences(tx: Transaction, imports: readonly NewImport[]): Promise<void> {
  const rows = imports.flatMap(({ id, identity: { workspaceId }, record }) =>
    listReferenceUrls(record.parameters).map((url, position) => ({ id, workspaceId, position, url })),
  )
  if (rows.length === 0) return
  await tx`
    insert into generation_references (workspace_id, generation_id, position, url)
    select * from unnest(
      ${rows.map(({ workspaceId }) => workspaceId)}::uuid[], ${rows.map(({ id }) => id)}::uuid[],
      ${rows.map(({ position }) => position)}::smallint[], ${rows.map(({ url }) => url)}::text[])`
  // One that was given up is tried again. One that is under way goes on, and its process, which may have missed these generations, leaves
  // the row. In one order: two imports cannot deadlock.
  await tx`
    insert into reference_rehosts (workspace_id, url)
    select distinct workspace, url
    from unnest(${rows.map(({ workspaceId }) => workspaceId)}::uuid[], ${rows.map(({ url }) => url)}::text[]) input (workspace, url)
    order by workspace, url
    on conflict (workspace_id, url) do update set
      tries = case when reference_rehosts.error is null then reference_rehosts.tries else 0 end,
      next_try_at = case when reference_rehosts.error is null then reference_rehosts.next_try_at else now() end,
      created_at = clock_timestamp(), error = null`
}

/** Verb of a parent of another system, which does not tell what was done. */
const PARENT_VERB = 'vary'

/** Sets the parents that are imported: the first output of the generation that each was made from. */
async function updateParents(tx: Transaction, imports: readonly NewImport[]): Promise<void> {
  const workspaceId = imports[0]?.identity.workspaceId ?? ''
  const children = imports.flatMap(({ id, record: { parentId } }) =>
    parentId === undefined ? [] : [{ id, parentClientId: toClientId(parentId) }],
  )
  if (children.length === 0) return
  await tx`
    update generations g set parent = jsonb_build_object('generationId', p.id, 'outputIndex', o.index, 'verb', ${PARENT_VERB}::text)
    from unnest(${children.map(({ id }) => id)}::uuid[], ${children.map(({ parentClientId }) => parentClientId)}::uuid[])
        child (id, client)
      join generations p on p.workspace_id = ${workspaceId} and p.client_id = child.client and p.id <> child.id
      join generation_outputs o on o.workspace_id = p.workspace_id and o.generation_id = p.id and o.index = 0
    where g.id = child.id and g.workspace_id = ${workspaceId}`
}

function listReferenceUrls({ referenceImageUrl, referenceImage, referenceImages }: Record<string, unknown>): string[] {
  const list = Array.isArray(referenceImages) ? referenceImages : []
  const urls = [...new Set([referenceImageUrl, referenceImage, ...list].map(parseReferenceUrl))]
  return urls.filter(url => url !== undefined).filter(url => /^https?:/i.test(url))
}
