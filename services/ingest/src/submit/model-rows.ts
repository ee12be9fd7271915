import type { Model } from '@darkroom/contracts/model'
import type { Queryable } from '@darkroom/infra/database/connection'

/** Lists the models of the studio, without what was learned of them, each with the state of its connection. */
export async function listModels(db: Queryable): Promise<Model[]> {
  const rows = await db<{ capability: Model; state: string | null }[]>`
    select m.capability, c.state ->> 'kind' as state from models m left join connections c on c.id = m.provider
    where m.capability ? 'sizes' order by m.provider, m.position, m.id`
  return rows.map(({ capability, state }) => ({
    ...capability,
    learnedSeconds: {},
    ...(state !== null && { connectionState: state }),
  }))
}

/**
 * Returns a model by its id, or the first one if no id is given; undefined if there is none. Models that generate come before those that
 * only change images. Of these, models that a user has added come first, in the order of their connections; those that are part of the
 * studio last.
 */
export async function findModel(db: Queryable, id: string | undefined): Promise<Model | undefined> {
  const [row] = await db<{ capability: Model; learned: Model['learnedSeconds'] | null }[]>`
    select m.capability, (
      select json_object_agg(t.num_outputs, t.seconds) from model_timings t where t.model = m.id and t.samples >= 5
    ) as learned
    from models m left join connections c on c.id = m.provider
    where m.capability ? 'sizes' and (${id ?? null}::text is null or m.id = ${id ?? null})
    order by coalesce(m.capability -> 'operations' ? 'generate', true) desc, coalesce(c.source, 'built-in') = 'built-in', case when c.source <> 'built-in' then c.created_at end,
      m.provider, m.position, m.id
    limit 1`
  return row && { ...row.capability, learnedSeconds: row.learned ?? {} }
}
