import type { Database, Transaction } from '@darkroom/infra/database/connection'
import type { GenerationKey } from '@darkroom/infra/generations/generations'
import type { MovedImage } from './parameter-patch.ts'

/** A migrated image of the manifest, to be verified. */
export interface ManifestEntry {
  generationId: string
  key: string
  sha256: string
  bytes: number
  /** `generation|field|position|sha256`, after which the next entries begin. */
  cursor: string
}

/** Records which image was moved from which slot to which key. */
export async function recordMoved(
  tx: Transaction,
  { id, workspaceId }: GenerationKey,
  { runId, moved }: { runId: string | null; moved: readonly MovedImage[] },
): Promise<void> {
  const inserts = moved.map(
    ({ slot, row, prefix }) => tx`
      insert into backfill_manifest (workspace_id, generation_id, field, position, run_id, key, sha256, bytes, prefix)
      values (${workspaceId}, ${id}, ${slot.field}, ${slot.position}, ${runId}, ${row.key}, decode(${row.sha256}, 'hex'),
              ${row.bytes}, ${prefix})
      on conflict (generation_id, field, position, sha256) do update set
        run_id = excluded.run_id, key = excluded.key, prefix = excluded.prefix, moved_at = excluded.moved_at`,
  )
  await Promise.all(inserts)
}

/** Counts the images that a run has moved, or that were ever moved if `runId` is null. */
export async function countManifestEntries(database: Database, runId: string | null): Promise<number> {
  const [row] = await database<{ count: number }[]>`
    select count(*)::int as count from backfill_manifest where ${runId}::uuid is null or run_id = ${runId}`
  return row?.count ?? 0
}

/** Returns the next images that a run has moved, or that were ever moved if `runId` is null. */
export async function findManifestEntries(
  database: Database,
  { runId, cursor, limit }: { runId: string | null; cursor: string | null; limit: number },
): Promise<ManifestEntry[]> {
  const [generation = '00000000-0000-0000-0000-000000000000', field = '', position = '0', sha256 = ''] =
    cursor?.split('|') ?? []
  return await database<ManifestEntry[]>`
    select generation_id as "generationId", key, encode(sha256, 'hex') as sha256, bytes,
           concat_ws('|', generation_id, field, position, encode(sha256, 'hex')) as cursor
    from backfill_manifest
    where (${runId}::uuid is null or run_id = ${runId})
      and (generation_id, field, position, sha256)
          > (${generation}::text::uuid, ${field}, ${position}::text::integer, decode(${sha256}, 'hex'))
    order by generation_id, field, position, sha256 limit ${limit}`
}
