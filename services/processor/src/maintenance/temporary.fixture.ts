import type { Database } from '@darkroom/infra/database/connection'
import { transaction } from '@darkroom/infra/database/transaction'
import { createTestAdapter, REQUEST, readFinishedOutputs, submitRequest } from '../../testing/fake-env.ts'
import { insertQueuedGeneration } from '../queue/queued.fixture.ts'

export interface TemporaryOptions {
  workspaceId: string
  outputs?: number
  /** Seconds until the URL expires; null for a URL without an announced expiry. */
  expiresIn?: number | null
  /** Seconds since the generation was completed, and since the output was to be rehosted. */
  age?: number
  /** False: as of a generation that was imported. */
  isFromCall?: boolean
}

/** Inserts a completed generation whose outputs are temporary: they are at the fake provider only. @returns its id */
export async function insertTemporaryOutputs(
  database: Database,
  fake: { url: string },
  given: TemporaryOptions,
): Promise<string> {
  const { workspaceId, outputs = 1, expiresIn = 3_600, age = 0, isFromCall = true } = given
  const provider = createTestAdapter(fake)
  const indices = Array.from({ length: outputs }, (_, index) => index)
  const made = await readFinishedOutputs(
    provider,
    await submitRequest(provider, { ...REQUEST, indices, references: [] }),
  )
  const id = await insertQueuedGeneration(database, { workspaceId, outputs })
  await transaction(database, async tx => {
    for (const output of made) {
      if (output.kind !== 'url') throw new Error(`expected a URL, not ${output.kind}`)
      await tx`
        update generation_outputs set state = 'temporary', provider_url = ${output.url}, from_call = ${isFromCall},
          expires_at = now() + make_interval(secs => ${expiresIn})
        where generation_id = ${id} and index = ${output.index}`
      await tx`
        insert into rehosts (generation_id, index, created_at)
        values (${id}, ${output.index}, now() - make_interval(secs => ${age}))`
    }
    await tx`
      update generations set status = 'completed', completed_at = now() - make_interval(secs => ${age}) where id = ${id}`
    await tx`update generation_jobs set attempt = 1 where generation_id = ${id}`
  })
  return id
}
