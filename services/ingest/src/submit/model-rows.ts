import type { Model } from '@darkroom/contracts/model'
import type { Queryable } from '@darkroom/infra/database/connection'

/** Returns a model by its id, or the first one if no id is given; undefined if there is none. */
export async function findModel(db: Queryable, id: string | undefined): Promise<Model | undefined> {
  const [row] = await db<{ capability: Model; learned: Model['learnedSeconds'] | null }[]>`
    select m.capability, (
      select json_object_agg(t.num_outputs, t.seconds) from model_timings t where t.model = m.id and t.samples >= 5
    ) as learned
    from models m where ${id ?? null}::text is null or m.id = ${id ?? null}
    order by m.position, m.id limit 1`
  return row && { ...row.capability, learnedSeconds: row.learned ?? {} }
}
