import type { Queryable } from '@darkroom/infra/database/connection'
import type { UsedModel } from './classify-models.ts'

/** Reads the models with which a connection has made something, the most used first. */
export async function readUsedModels(db: Queryable, connection: string): Promise<UsedModel[]> {
  return await db<UsedModel[]>`
    select model as id, count(*)::int as generations from generations where provider = ${connection}
    group by model order by 2 desc, 1`
}
