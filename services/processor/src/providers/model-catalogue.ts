import type { Model } from '@darkroom/contracts/model'
import type { Database, Transaction } from '@darkroom/infra/database/connection'
import { transaction } from '@darkroom/infra/database/transaction'
import type { Provider } from './provider.ts'

/** The models of the configured providers. */
export interface ModelCatalogue {
  find(id: string): Model | undefined
}

const MODELS_TIMEOUT_MS = 15_000

/** Requests the models of every provider and writes them to the database, where the other services read them. */
export async function publishModels(options: {
  database: Database
  providers: readonly Pick<Provider, 'models'>[]
  signal: AbortSignal
}): Promise<ModelCatalogue> {
  const signal = AbortSignal.any([options.signal, AbortSignal.timeout(MODELS_TIMEOUT_MS)])
  const lists = await Promise.all(options.providers.map(provider => provider.models(signal)))
  const models = lists.flat()
  await transaction(options.database, tx => replaceModels(tx, models))
  const byId = new Map(models.map(model => [model.id, model]))
  return { find: id => byId.get(id) }
}

async function replaceModels(tx: Transaction, models: Model[]): Promise<void> {
  // Several processors may start at once, and each replaces all rows.
  await tx`lock table models in share row exclusive mode`
  await tx`delete from models where not id = any(${models.map(model => model.id)})`
  for (const [position, model] of models.entries()) {
    await tx`
      insert into models (id, provider, position, capability)
      values (${model.id}, ${model.provider}, ${position}, ${tx.json(model)})
      on conflict (id) do update set provider = excluded.provider, position = excluded.position,
        capability = excluded.capability, updated_at = now()
      where models.capability is distinct from excluded.capability or models.position <> excluded.position`
  }
}
