import type { Kind } from '@darkroom/contracts/enums'
import type { ModelSpec } from '@darkroom/contracts/model'
import { ProviderError } from '../adapter.ts'
import type { HttpClient, HttpRequest } from '../http/http-client.ts'
import { readJson } from '../http/read-response.ts'
import { sendRequest } from '../http/send-request.ts'
import { createMisbehavedError } from '../http/transport-error.ts'
import { CATALOGUE, type CatalogueModel, findCatalogueModel } from './catalogue.ts'
import { readInputFields } from './input-schema.ts'
import { type ModelPlan, planModel } from './model-plan.ts'
import { toModelSpec } from './model-specs.ts'
import { ModelAnswer } from './wire.ts'

/** A model with the inputs that Replicate says it has. */
export interface LoadedModel {
  model: CatalogueModel
  plan: ModelPlan
  /** Id of the version that is run; null for a model that is run by its name. */
  version: string | null
}

/** The models of an account, whose inputs are read from Replicate. */
export interface ModelLoader {
  /** Reads all of the catalogue anew. Those that Replicate does not have, or that cannot be used, are left out. @throws ProviderError */
  list(connection: string, signal: AbortSignal): Promise<ModelSpec[]>
  /** Returns a model, by what was read of it within the last hour. @throws ProviderError `model_unknown` */
  find(id: string, kind: Kind, signal: AbortSignal): Promise<LoadedModel>
}

const MAX_MODEL_BYTES = 4_000_000
/** Models that are read at once. */
const PARALLEL = 6
const FRESH_MS = 3_600_000

export function createModelLoader(client: HttpClient): ModelLoader {
  const loaded = new Map<string, { at: number; model: LoadedModel }>()
  const load = async (model: CatalogueModel, signal: AbortSignal): Promise<LoadedModel | undefined> => {
    const found = toLoadedModel(model, await requestModel(client, model.id, signal))
    if (found) loaded.set(model.id, { at: Date.now(), model: found })
    else loaded.delete(model.id)
    return found
  }
  return {
    list: async (connection, signal) => {
      const specs: ModelSpec[] = []
      for (let from = 0; from < CATALOGUE.length; from += PARALLEL) {
        const part = await Promise.all(CATALOGUE.slice(from, from + PARALLEL).map(model => load(model, signal)))
        for (const found of part) if (found) specs.push(toModelSpec(connection, found.model, found.plan))
      }
      return specs
    },
    find: async (id, kind, signal) => {
      const fresh = loaded.get(id)
      if (fresh && Date.now() - fresh.at < FRESH_MS) return fresh.model
      const found = await load(findCatalogueModel(id, kind), signal)
      if (!found) throw new ProviderError('model_unknown')
      return found
    },
  }
}

/** @returns undefined for a model that Replicate does not have, or that the account may not see */
async function requestModel(client: HttpClient, id: string, signal: AbortSignal): Promise<unknown> {
  const request: HttpRequest = { method: 'GET', path: `/models/${id}`, signal, failureIfUnanswered: 'retryable' }
  const response = await sendRequest(client, request).catch(toUndefinedIfAbsent)
  return response && (await readJson(response, request, MAX_MODEL_BYTES))
}

function toUndefinedIfAbsent(error: unknown): undefined {
  if (error instanceof ProviderError && (error.code === 'request_unknown' || error.code === 'no_permission'))
    return undefined
  throw error
}

const VERSION = /^[0-9a-f]{40,64}$/

function toLoadedModel(model: CatalogueModel, answer: unknown): LoadedModel | undefined {
  if (answer === undefined) return undefined
  const { data } = ModelAnswer.safeParse(answer)
  // This is not Replicate: taken for a model that is broken, each would be left out.
  if (!data) throw createMisbehavedError('retryable')
  const version = data.latest_version
  const fields = version && readInputFields(version.openapi_schema.components.schemas)
  const plan = fields && planModel(model, fields)
  if (!plan) return undefined
  if (model.route === 'official') return { model, plan, version: null }
  return VERSION.test(version?.id ?? '') ? { model, plan, version: version?.id ?? '' } : undefined
}
