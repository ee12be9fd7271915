import { stripMetadata } from '@darkroom/infra/images/strip-metadata'
import type { Store } from '@darkroom/infra/store/store'
import type { ProviderReference, ProviderRequest } from '../providers/provider.ts'
import type { Job, JobCall } from '../queue/job.ts'
import { getOutputIndices } from './plan.ts'

/** Builds the provider's request for one call. */
export function createProviderRequest(
  job: Job,
  call: JobCall,
  references: readonly ProviderReference[],
): ProviderRequest {
  const { prompt, model, kind, parameters } = job
  const { negativePrompt, duration } = parameters
  const firstOutput = job.outputs.find(output => output.index === call.firstIndex)
  return {
    model,
    kind,
    prompt,
    width: firstOutput?.width ?? 1024,
    height: firstOutput?.height ?? 1024,
    indices: getOutputIndices(call),
    seed: parameters.seed ?? deriveSeed(job.id),
    settings: parameters.settings ?? {},
    references,
    ...(negativePrompt === undefined ? {} : { negativePrompt }),
    ...(duration === undefined ? {} : { duration }),
  }
}

/** Loads reference images from the store, without their metadata. @throws Error when one is not in the store */
export async function loadReferences(store: Pick<Store, 'get'>, keys: readonly string[]): Promise<ProviderReference[]> {
  return await Promise.all(keys.map(key => loadReference(store, key)))
}

async function loadReference(store: Pick<Store, 'get'>, key: string): Promise<ProviderReference> {
  const object = await store.get(key)
  if (!object) throw new Error(`reference image ${key} is not in the store`)
  return await stripMetadata(await new Response(object.body).bytes())
}

/** Derives a seed from the generation's id, for generations without one: each has its own, and a retry the same. */
function deriveSeed(id: string): number {
  return new Bun.CryptoHasher('sha256').update(id).digest().readUInt32BE(0)
}
