import { ProviderError, type ProviderReference, type ProviderRequest } from '../adapter.ts'
import { LARGE_VIDEO_SECONDS, VIDEO_TIERS } from './catalogue.ts'
import type { Submission } from './image-requests.ts'
import { toProviderModel } from './model-name.ts'

/**
 * Builds the submission of one video, which is answered with the name of an operation. `sampleCount` is left out: it is one.
 *
 * @see https://ai.google.dev/gemini-api/docs/video for the parameters, `seed` among them [D]; vercel/ai google-video-model.ts [S]
 * @throws ProviderError for what Google is known not to take: nothing is sent then
 */
export function createVideoSubmission(request: ProviderRequest): Submission {
  const { prompt, aspectRatio, duration, negativePrompt, seed } = request
  const tier = findTier(request)
  const [first, last] = (['first-frame', 'last-frame'] as const).map(role =>
    request.references.find(reference => reference.role === role),
  )
  if (last && !first)
    throw new ProviderError('reference_refused', {
      message: 'Google takes a last frame only together with a first frame. Add one.',
    })
  const instance = { prompt, ...(first && { image: toImage(first) }), ...(last && { lastFrame: toImage(last) }) }
  const parameters = {
    aspectRatio,
    resolution: tier,
    ...(duration !== undefined && { durationSeconds: duration }),
    ...(negativePrompt !== undefined && negativePrompt !== '' && { negativePrompt }),
    seed,
  }
  return {
    path: `/models/${encodeURIComponent(toProviderModel(request.model))}:predictLongRunning`,
    body: { instances: [instance], parameters },
  }
}

/** Returns the tier of a request. @throws ProviderError `setting_refused` for one that is not made in that length */
function findTier({ resolution, duration }: ProviderRequest): string {
  const found = Object.entries(VIDEO_TIERS).find(([name, side]) => name === resolution || side === resolution)
  const tier = found?.[0] ?? '720p'
  if (tier !== '720p' && duration !== undefined && duration !== LARGE_VIDEO_SECONDS)
    throw new ProviderError('setting_refused', {
      message: `Google makes videos of ${tier} in ${LARGE_VIDEO_SECONDS} seconds only. Choose that length, or 720p.`,
    })
  return tier
}

function toImage({ bytes, mimeType }: ProviderReference): { bytesBase64Encoded: string; mimeType: string } {
  return { bytesBase64Encoded: bytes.toBase64(), mimeType }
}
