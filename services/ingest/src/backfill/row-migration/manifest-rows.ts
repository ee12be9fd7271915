import type { Database, Transaction } from '@darkroom/infra/database/connection'
import type { MovedImage } from './parameter-patch.ts'

/** One picture that was moved, as it is checked again. */
export interface ManifestEntry {
  generationId: string
  key: string
  sha256: string
  bytes: number
  /** `generation|field|position|sha256`: where the next entries begin. */
  cursor: string
}

/** Writes down what was moved from where to where. */
export async function recordMoved(
  tx: Transaction,
  { runId, generationId, moved }: { runId: string | null; generationId: string; moved: readonly MovedImage[] },
): Promise<void> {
  for (const { slot, row, prefix } of moved) {
    await tx`
      insert into backfill_manifest (generation_id, field, position, run_id, key, sha256, bytes, prefix)
      values (${generationId}, ${slot.field}, ${slot.position}, ${runId}, ${row.key}, decode(${row.sha256}, 'hex'),
              ${row.bytes}, ${prefix})
      on conflict (generation_id, field, position, sha256) do update set
        run_id = excluded.run_id, key = excluded.key, prefix = excluded.prefix, moved_at = excluded.moved_at`
  }
}

/** How many pictures a run has moved, or all runs together. */
export async function countManifestEntries(database: Database, runId: string | null): Promise<number> {
  const [row] = await database<{ count: number }[]>`
    select count(*)::int as count from backfill_manifest where ${runId}::uuid is null or run_id = ${runId}`
  return row?.count ?? 0
}

/** The next pictures that a run has moved, or that were ever moved. */
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
