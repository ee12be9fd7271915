import { ModelSpec } from '@darkroom/contracts/model'
import { toModel } from '@darkroom/contracts/model-fields'
import { publishModelsChange } from '@darkroom/infra/connections/connection-changes'
import type { Queryable, Transaction } from '@darkroom/infra/database/connection'

/**
 * Replaces the models of one connection, which the other services read. Those of other connections are not touched.
 *
 * @param options `isPublished`: pages read the list again when it has changed. Models of built-in connections change with an update
 *   only
 */
export async function replaceModels(
  tx: Transaction,
  connection: string,
  specs: readonly ModelSpec[],
  options: { isPublished: boolean },
): Promise<void> {
  const models = specs.map(toModel)
  const ids = models.map(model => model.id)
  const removed = await tx`delete from models where provider = ${connection} and not id = any(${ids})`
  let changes = removed.count
  for (const [position, model] of models.entries()) {
    const { count } = await tx`
      insert into models (id, provider, position, capability)
      values (${model.id}, ${connection}, ${position}, ${tx.json(model)})
      on conflict (id) do update set provider = excluded.provider, position = excluded.position,
        capability = excluded.capability, updated_at = now()
      where models.capability is distinct from excluded.capability or models.position <> excluded.position`
    changes += count
  }
  if (changes > 0 && options.isPublished) await publishModelsChange(tx, connection)
}

/** Reads the models that a connection had when they were last listed. */
export async function readModels(db: Queryable, connection: string): Promise<ModelSpec[]> {
  const rows = await db<{ capability: unknown }[]>`
    select capability from models where provider = ${connection} order by position`
  // The keys of pages of the version before are not part of a spec.
  return rows.flatMap(({ capability }) => ModelSpec.strip().safeParse(capability).data ?? [])
}
