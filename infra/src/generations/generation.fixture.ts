import type { Status } from '@darkroom/contracts/enums'
import type { Queryable } from '../database/connection.ts'

export const WORKSPACE = '0190a3a0-0000-7000-8000-00000000000a'

/**
 * Inserts a generation as a submission leaves it, with the overrides.
 *
 * @returns its id
 */
export async function insertGeneration(
  db: Queryable,
  overrides: { status?: Status; prompt?: string; parameters?: string; attempt?: number; numOutputs?: number } = {},
): Promise<string> {
  const { status = 'queued', prompt = 'low cloud', parameters = '{}', attempt = 0, numOutputs = 1 } = overrides
  const id = Bun.randomUUIDv7()
  await db`
    with inserted as (
      insert into generations
        (id, workspace_id, user_id, client_id, fingerprint, status, kind, model, provider, prompt, parameters, num_outputs)
      values
        (${id}, ${WORKSPACE}, ${crypto.randomUUID()}, ${crypto.randomUUID()}, '\\x00', ${status}, 'image', 'demo', 'demo',
         ${prompt}, ${parameters}::text::jsonb, ${numOutputs})
    )
    insert into generation_jobs (workspace_id, generation_id, attempt) values (${WORKSPACE}, ${id}, ${attempt})`
  return id
}
