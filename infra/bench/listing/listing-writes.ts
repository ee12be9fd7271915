import { type Database, transaction } from '../../src/database/connection.ts'
import { touch } from '../../src/generations/generations.ts'
import { type Arm, interleave, type Measured } from '../kit/sampling.ts'

const WRITES = 100
const ROUNDS = 10

/** What keeping the text costs who writes: changes of a generation, each a transaction, with the text kept and without. */
export async function measureWrites(database: Database): Promise<{ change: Measured[]; outputs: Measured[] }> {
  const rows = await database<{ id: string }[]>`
    select id from generations where status = 'completed' and num_outputs = 4 order by created_at desc limit ${WRITES}`
  const ids = rows.map(row => row.id)
  const change = (id: string) => transaction(database, tx => touch(tx, id))
  const outputs = (id: string) =>
    transaction(database, async tx => {
      await tx`update generation_outputs set bytes = bytes + 1 where generation_id = ${id}`
      await touch(tx, id)
    })
  return {
    change: await interleave(armsOf(database, ids, change), ROUNDS),
    outputs: await interleave(armsOf(database, ids, outputs), ROUNDS),
  }
}

/** How many bytes the text takes, all told, for each generation. */
export async function bytesKept(database: Database): Promise<{ documents: number; words: number }> {
  const [row] = await database<{ documents: number; words: number }[]>`
    select pg_total_relation_size('generation_documents')::float / count(*) as documents,
           pg_total_relation_size('generation_words')::float / count(*) as words from generations`
  return row ?? { documents: 0, words: 0 }
}

function armsOf(database: Database, ids: readonly string[], write: (id: string) => Promise<void>): Arm[] {
  const all = async () => {
    for (const id of ids) await write(id)
  }
  const without = async () => {
    await database`alter table generations disable trigger keep_document`
    await all().finally(() => database`alter table generations enable trigger keep_document`)
  }
  return [
    { name: 'with', run: all },
    { name: 'without', run: without },
  ]
}
