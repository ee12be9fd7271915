import type { Database } from '../../src/database/connection.ts'
import { transaction } from '../../src/database/transaction.ts'
import { bumpVersion } from '../../src/generations/generations.ts'
import { LOCAL_OWNER } from '../../src/http/identity.ts'
import { interleave, type Variant, type VariantSamples } from '../kit/sampling.ts'

/** Changes of one sample, one after another. */
export const WRITES = 100
const SAMPLES = 10

/** Measures changes of generations, each in a transaction, with the trigger that maintains `generation_documents` and without. */
export async function measureWrites(
  database: Database,
): Promise<{ change: VariantSamples[]; outputs: VariantSamples[] }> {
  const rows = await database<{ id: string }[]>`
    select id from generations where status = 'completed' and num_outputs = 4 order by created_at desc limit ${WRITES}`
  const ids = rows.map(row => row.id)
  const change = (id: string) => transaction(database, tx => bumpVersion(tx, { ...LOCAL_OWNER, id }))
  const outputs = (id: string) =>
    transaction(database, async tx => {
      await tx`update generation_outputs set bytes = bytes + 1 where generation_id = ${id}`
      await bumpVersion(tx, { ...LOCAL_OWNER, id })
    })
  return {
    change: await interleave(createVariants(database, ids, change), SAMPLES),
    outputs: await interleave(createVariants(database, ids, outputs), SAMPLES),
  }
}

/** Measures the bytes of documents and words per generation, indexes included. */
export async function measureStoredBytes(database: Database): Promise<{ documents: number; words: number }> {
  const [row] = await database<{ documents: number; words: number }[]>`
    select pg_total_relation_size('generation_documents')::float / count(*) as documents,
           pg_total_relation_size('generation_words')::float / count(*) as words from generations`
  return row ?? { documents: 0, words: 0 }
}

function createVariants(database: Database, ids: readonly string[], write: (id: string) => Promise<void>): Variant[] {
  const writeAll = async () => {
    for (const id of ids) await write(id)
  }
  const writeAllWithoutDocuments = async () => {
    await database`alter table generations disable trigger keep_document`
    await writeAll().finally(() => database`alter table generations enable trigger keep_document`)
  }
  return [
    { name: 'with', run: writeAll },
    { name: 'without', run: writeAllWithoutDocuments },
  ]
}
