import type { Queryable } from '@darkroom/infra/database/connection'

/** Returns the models of the configured providers with their learned durations, as the JSON text of a `Model[]`. */
export async function listModels(db: Queryable): Promise<string> {
  const rows = await db<{ document: string }[]>`
    select (m.capability || jsonb_build_object('learnedSeconds', coalesce((
      select jsonb_object_agg(t.num_outputs, round(t.seconds::numeric, 1))
      from model_timings t where t.model = m.id and t.samples >= 5
    ), '{}')))::text as document
    from models m order by m.position, m.id`
  return `[${rows.map(row => row.document).join(',')}]`
}
