import { parseReferenceUrl, sanitizeParameters } from '@darkroom/contracts/parameters'
import type { Database, Transaction } from '@darkroom/infra/database/connection'
import { type GenerationKey, publishChange } from '@darkroom/infra/generations/generations'
import type { Identity } from '@darkroom/infra/http/identity'
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
  placeholder: string
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

/** Returns whether a workspace has a generation of this client id. */
export async function isImported(database: Database, workspaceId: string, clientId: string): Promise<boolean> {
  const rows = await database`select from generations where workspace_id = ${workspaceId} and client_id = ${clientId}`
  return rows.length > 0
}

/**
 * Inserts a generation of another system unchanged: with all of its parameters, embedded images included, which the backfill
 * migrates later. Outputs that are only at their URL are rehosted like any other `temporary` output.
 *
 * @returns false, with nothing written, if the client id is taken
 */
export async function insertImport(tx: Transaction, newImport: NewImport): Promise<boolean> {
  if (!(await insertRow(tx, newImport))) return false
  const { id, record: imported } = newImport
  const { workspaceId } = newImport.identity
  await tx`
    insert into generation_raw (workspace_id, generation_id, parameters, created_at)
    values (${workspaceId}, ${id}, ${JSON.stringify(imported.parameters)}::text::jsonb, ${imported.createdAt}::text::timestamptz)`
  await tx`insert into generation_jobs (workspace_id, generation_id) values (${workspaceId}, ${id})`
  for (const [index, output] of newImport.outputs.entries()) await insertOutput(tx, newImport, index, output)
  await insertReferences(tx, { id, workspaceId }, imported.parameters)
  await tx`
    insert into generation_events (workspace_id, generation_id, at, attempt, to_status, detail)
    values (${workspaceId}, ${id}, ${imported.completedAt ?? imported.createdAt}::text::timestamptz, 0, ${imported.status}, 'imported')`
  await publishChange(tx, { id, workspaceId })
  return true
}

async function insertRow(
  tx: Transaction,
  { id, clientId, identity, record: imported, outputs }: NewImport,
): Promise<boolean> {
  const { prompt, model, kind, status, error, parameters, createdAt, completedAt } = imported
  const { count } = await tx`
    insert into generations (id, workspace_id, user_id, client_id, fingerprint, status, kind, model, provider, prompt,
                             parameters, num_outputs, error, created_at, started_at, completed_at)
    values (${id}, ${identity.workspaceId}, ${identity.userId}, ${clientId}, '', ${status}, ${kind}, ${model}, 'imported',
            ${prompt}, ${tx.json({ ...sanitizeParameters(parameters) })}, ${outputs.length},
            ${error ? tx.json(error) : null}, ${createdAt}::text::timestamptz,
            ${createdAt}::text::timestamptz, ${completedAt}::text::timestamptz)
    on conflict (workspace_id, client_id) do nothing`
  return count === 1
}

async function insertOutput(
  tx: Transaction,
  { id, identity: { workspaceId }, record: imported }: NewImport,
  index: number,
  output: ImportedOutput,
) {
  if (output.kind === 'temporary') {
    await tx`
      insert into generation_outputs (workspace_id, generation_id, index, state, kind, width, height, provider_url, favourite)
      values (${workspaceId}, ${id}, ${index}, 'temporary', ${imported.kind}, ${output.width}, ${output.height}, ${output.url},
              ${output.isFavourite})`
    await tx`insert into rehosts (workspace_id, generation_id, index) values (${workspaceId}, ${id}, ${index})`
    return
  }
  await tx`
    insert into generation_outputs (workspace_id, generation_id, index, state, kind, key, placeholder, width, height, bytes, mime_type,
                                    sha256, favourite)
    values (${workspaceId}, ${id}, ${index}, 'stored', ${imported.kind}, ${output.key}, ${output.placeholder}, ${output.width},
            ${output.height}, ${output.bytes}, ${output.mimeType}, decode(${output.sha256}, 'hex'), ${output.isFavourite})`
}

/** Inserts the references that are URLs. The backfill inserts those that are embedded as text. */
async function insertReferences(
  tx: Transaction,
  { id, workspaceId }: GenerationKey,
  parameters: Record<string, unknown>,
): Promise<void> {
  const { referenceImageUrl, referenceImage, referenceImages } = parameters
  const list = Array.isArray(referenceImages) ? referenceImages : []
  const urls = [...new Set([referenceImageUrl, referenceImage, ...list].map(parseReferenceUrl))]
    .filter(url => url !== undefined)
    .filter(url => /^https?:/i.test(url))
  await tx`
    insert into generation_references (workspace_id, generation_id, position, url)
    select ${workspaceId}, ${id}, n - 1, url from unnest(${urls}::text[]) with ordinality as input (url, n)`
}
