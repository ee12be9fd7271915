import { stripMetadata } from '@darkroom/infra/images/strip-metadata'
import type { Store } from '@darkroom/infra/store/store'
import type { ProviderReference, ProviderRequest } from '../providers/provider.ts'
import type { Job, JobCall } from '../queue/job.ts'
import { getOutputIndices } from './plan.ts'

/** What a provider is asked for by one call. */
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

/** The generation's reference images as a provider gets them. @throws if one is not in the store */
export async function loadReferences(store: Store, keys: readonly string[]): Promise<ProviderReference[]> {
  return await Promise.all(keys.map(key => loadReference(store, key)))
}

async function loadReference(store: Store, key: string): Promise<ProviderReference> {
  const object = await store.get(key)
  if (!object) throw new Error('a reference image is not in the store')
  return await stripMetadata(await new Response(object.body).bytes())
}

/** A seed of its own for each generation that was given none, the same each time it is asked for. */
function deriveSeed(id: string): number {
  return new Bun.CryptoHasher('sha256').update(id).digest().readUInt32BE(0)
}
