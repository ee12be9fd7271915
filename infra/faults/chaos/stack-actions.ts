import type { Generation } from '@darkroom/contracts/generation'
import type { Database } from '../../src/database/connection.ts'
import type { Client } from '../../testing/invariants/client.ts'
import { isFinished } from '../../testing/studio/studio-client.ts'
import { createImageDraft } from './load.ts'

/** Submits images and waits until the generation has ended. */
export async function generate(
  client: Client,
  prompt: string,
  parameters: Record<string, unknown> = {},
): Promise<Generation> {
  const { id } = await client.submit(createImageDraft(prompt, parameters))
  return await client.waitForGeneration(id, isFinished)
}

export function listOutputStates({ outputs }: Generation): string[] {
  return outputs.map(({ state }) => state)
}

/** Locks the table `generations` for every other connection. @returns a function that releases the lock */
export async function lockGenerations(sql: Database): Promise<() => Promise<void>> {
  const release = Promise.withResolvers<void>()
  const locked = Promise.withResolvers<void>()
  const locking = sql.begin(async tx => {
    await tx`lock table generations in access exclusive mode`
    locked.resolve()
    await release.promise
  })
  await locked.promise
  return async () => {
    release.resolve()
    await locking
  }
}
