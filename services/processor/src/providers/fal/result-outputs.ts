import { ProviderError, type ProviderOutput } from '../adapter.ts'
import type { ModelResult } from './wire.ts'

/** Time for which fal is asked to have the outputs, in seconds: as long as it has them at least by default. [D] FAQ, media-expiration.md */
export const OUTPUT_SECONDS = 604_800

/** Returns the outputs of a result: as many as were requested. One that the safety checker has blackened is refused. */
export function toOutputs(result: ModelResult, indices: readonly number[], ageSeconds: number): ProviderOutput[] {
  const files = [...(result.images ?? []), ...[result.image, result.video].filter(file => file != null)]
  const expiresAt = new Date(Date.now() + Math.max(0, OUTPUT_SECONDS - ageSeconds) * 1_000)
  return files.slice(0, indices.length).flatMap(({ url }, at): ProviderOutput[] => {
    const index = indices[at]
    if (index === undefined) return []
    if (result.has_nsfw_concepts?.[at] === true)
      return [{ index, kind: 'refused', error: new ProviderError('output_refused') }]
    return [{ index, kind: 'url', url, expiresAt }]
  })
}
