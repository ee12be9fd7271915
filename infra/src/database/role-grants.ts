import type { Service } from '@darkroom/contracts/routes'

/** Rights of a service's role on a table: rows read and written, rows read, or these columns read. */
export type TableRights = 'write' | 'read' | readonly string[]

/** Rights on one table. A role that is not named has none. */
export type TableGrants = Partial<Record<Service, TableRights>>

const WRITTEN_BY_BOTH: TableGrants = { ingest: 'write', processor: 'write' }
const SHOWN: TableGrants = { ...WRITTEN_BY_BOTH, query: 'read' }

/** Columns of a connection that query reads: neither its key nor what identifies the key. */
const CONNECTION_COLUMNS = [
  'id',
  'kind',
  'name',
  'base_url',
  'source',
  'draft',
  'slots',
  'budget_micros',
  'assumed_micros',
  'state',
  'created_at',
  'removed_at',
] as const

/**
 * Rights of each service's role on each table. A table that is missing here is written by ingest and processor, and query cannot
 * read it: a test names it.
 */
export const TABLE_GRANTS: Readonly<Record<string, TableGrants>> = {
  action_keys: { ingest: 'write' },
  backfill_failures: { ingest: 'write' },
  backfill_manifest: { ingest: 'write' },
  backfill_runs: { ingest: 'write' },
  bus_epoch: SHOWN,
  call_costs: SHOWN,
  connections: { ...WRITTEN_BY_BOTH, query: CONNECTION_COLUMNS },
  cost_days: SHOWN,
  cost_sums: { processor: 'write', ingest: 'read', query: 'read' },
  garbage_sweep: { processor: 'write' },
  generation_documents: SHOWN,
  generation_events: WRITTEN_BY_BOTH,
  generation_jobs: SHOWN,
  generation_outputs: SHOWN,
  generation_raw: { ingest: 'write', query: 'read' },
  generation_references: SHOWN,
  generation_words: SHOWN,
  generations: SHOWN,
  journal_hosts: { processor: 'write' },
  migrations: {},
  model_timings: { ingest: 'read', processor: 'write', query: 'read' },
  models: SHOWN,
  object_removals: WRITTEN_BY_BOTH,
  outbox: { ...WRITTEN_BY_BOTH, query: ['id', 'subject', 'payload', 'created_at'] },
  previews_due: { ingest: 'write' },
  processors: { processor: 'write' },
  provider_calls: SHOWN,
  provider_lanes: { processor: 'write' },
  purged_generations: WRITTEN_BY_BOTH,
  reference_images: SHOWN,
  reference_rehosts: { ingest: 'write' },
  rehosts: WRITTEN_BY_BOTH,
  studio: { ingest: 'read', processor: 'write' },
  timeline_changes: SHOWN,
  timeline_days: { processor: 'write', query: 'read' },
  timeline_state: { processor: 'write', ingest: 'read', query: 'read' },
  unfinished_restore: {},
  upkeep: {},
  workflows: WRITTEN_BY_BOTH,
}

const DEFAULT_GRANTS = WRITTEN_BY_BOTH

/** Returns the rights of a service's role on a table. @returns undefined if it has none */
export function findTableRights(service: Service, table: string): TableRights | undefined {
  return (TABLE_GRANTS[table] ?? DEFAULT_GRANTS)[service]
}
