import type { ProviderReference, ProviderRequest } from '../adapter.ts'
import type { Submission } from './image-requests.ts'
import { toProviderModel } from './model-specs.ts'
import { createFields, getImages } from './request-fields.ts'

/**
 * Builds the submission of one output to the Responses API, to run in the background: it is answered with an id at once, by which the
 * image is found again after a crash. A text model calls the image tool, whose tokens are billed as well, and may change the prompt.
 *
 * @param mainline model that calls the tool
 * @see CreateResponse, ImageGenTool [S]; that `tool_choice` makes it call the tool exactly once is [U]
 */
export function createBackgroundSubmission(request: ProviderRequest, mainline: string): Submission {
  const { images, mask } = getImages(request)
  const tool = {
    type: 'image_generation',
    model: toProviderModel(request.model),
    action: images.length > 0 ? 'edit' : 'generate',
    ...createFields(request),
    ...(mask && { input_image_mask: { image_url: toDataUrl(mask) } }),
  }
  const content = [
    { type: 'input_text', text: request.prompt },
    ...images.map(image => ({ type: 'input_image', image_url: toDataUrl(image) })),
  ]
  const body = {
    model: mainline,
    input: [{ role: 'user', content }],
    tools: [tool],
    tool_choice: { type: 'image_generation' },
    background: true,
    store: true,
  }
  return { path: '/responses', body }
}

function toDataUrl({ bytes, mimeType }: ProviderReference): string {
  return `data:${mimeType};base64,${bytes.toBase64()}`
}
