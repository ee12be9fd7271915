import type { PublicParameters } from '@darkroom/contracts/parameters'
import type { Database } from '@darkroom/infra/database/connection'
import { transaction } from '@darkroom/infra/database/transaction'

export interface QueuedOptions {
  workspaceId?: string
  provider?: string
  model?: string
  outputs?: number
  parameters?: PublicParameters
  size?: number
  /** Estimated price of an output in micro-units; unknown unless given. */
  outputMicros?: number
}

/** Inserts a generation as ingest does. @returns its id */
export async function insertQueuedGeneration(database: Database, queued: QueuedOptions = {}): Promise<string> {
  const id = Bun.randomUUIDv7()
  const { workspaceId = crypto.randomUUID(), provider = 'fake', model = 'fake-image', outputs = 1, size = 64 } = queued
  await transaction(database, async tx => {
    await tx`
      insert into generations (id, workspace_id, user_id, client_id, fingerprint, kind, model, provider, prompt, parameters, num_outputs, output_micros)
      values (${id}, ${workspaceId}, ${id}, ${id}, '', 'image', ${model}, ${provider}, 'a prompt',
              ${tx.json({ ...queued.parameters })}, ${outputs}, ${queued.outputMicros ?? null})`
    await tx`insert into generation_jobs (generation_id) values (${id})`
    await tx`
      insert into generation_outputs (generation_id, index, kind, width, height)
      select ${id}, index, 'image', ${size}, ${size} from generate_series(0, ${outputs - 1}::int) index`
  })
  return id
}
