import type { Queryable } from '@darkroom/infra/database/connection'

/**
 * Returns the models of the configured connections with their learned durations and what a user sees of their connection, as the JSON
 * text of a `Model[]`, in the order of a submission that names no model: those that generate first, and of these the ones that a user
 * has added; the built-in ones last. Models that a processor of an older version has written are left out.
 */
export async function listModels(db: Queryable): Promise<string> {
  const rows = await db<{ document: string }[]>`
    select (m.capability || jsonb_build_object('learnedSeconds', coalesce((
      select jsonb_object_agg(t.num_outputs, round(t.seconds::numeric, 1))
      from model_timings t where t.model = m.id and t.samples >= 5
    ), '{}')) || jsonb_strip_nulls(jsonb_build_object('connectionName', c.name, 'connectionState', c.state ->> 'kind')))::text as document
    from models m left join connections c on c.id = m.provider
    where m.capability ? 'sizes'
    order by coalesce(m.capability -> 'operations' ? 'generate', true) desc, coalesce(c.source, 'built-in') = 'built-in',
      case when c.source <> 'built-in' then c.created_at end, m.provider, m.position, m.id`
  return `[${rows.map(row => row.document).join(',')}]`
}
