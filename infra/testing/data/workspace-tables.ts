/** Tables of what belongs to people: each row carries its workspace, and refers to others by it. */
export const WORKSPACE_TABLES = [
  'action_keys',
  'backfill_failures',
  'backfill_manifest',
  'generation_documents',
  'generation_events',
  'generation_jobs',
  'generation_outputs',
  'generation_raw',
  'generation_references',
  'generation_words',
  'generations',
  'previews_due',
  'provider_calls',
  'reference_images',
  'rehosts',
] as const

/** Tables whose rows carry their workspace, and may outlive what they are about: no key of theirs can refer to it. */
export const OUTLIVING_TABLES: Record<string, string> = {
  call_costs: 'what was paid for stays when its generation is purged',
  cost_sums: 'what was paid for stays, summed up by day',
  object_removals: 'the object has no row any more; its key begins with the workspace, or is one of another system',
  outbox: 'a message tells that its generation is purged; one about the whole studio has no workspace',
  purged_generations: 'the generation is purged',
  reference_rehosts: 'an address is fetched once for all generations that have it',
  timeline_changes: 'a day whose generations are counted again',
  timeline_days: 'the number of generations of a day',
}

/** Tables of the whole studio, with the reason why they belong to nobody. */
export const STUDIO_TABLES: Record<string, string> = {
  backfill_runs: 'an administrator starts them for every workspace',
  bus_epoch: 'the streams of the bus',
  connections: 'accounts at providers, which an administrator adds and the studio pays for',
  cost_days: 'the days whose calls are summed up, of every workspace',
  garbage_sweep: 'the look through the store',
  journal_hosts: 'machines that run a processor',
  migrations: 'migrations of the tables',
  model_timings: 'average durations of the models, which every workspace sees',
  models: 'what the connections offer to every workspace',
  processors: 'processes',
  provider_lanes: 'circuit breakers of the connections',
  studio: 'the identity of the studio',
  timeline_state: 'how far days are summed up, of every workspace',
  upkeep: 'migrations of the data',
  workflows: 'what an administrator has uploaded for a connection',
}
