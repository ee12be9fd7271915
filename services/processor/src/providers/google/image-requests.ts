import type { ProviderReference, ProviderRequest } from '../adapter.ts'
import { IMAGE_MODELS, IMAGE_TIERS } from './catalogue.ts'
import { toBaseName, toProviderModel } from './model-name.ts'

/** A submission: where it is posted, and its body. */
export interface Submission {
  path: string
  body: unknown
}

/**
 * Builds the submission of one image to the Interactions API, to run in the background: it is answered with an id at once, by which the
 * image is found again.
 *
 * @see CreateModelInteraction, ImageResponseFormat in googleapis/js-genai@6e9b35c45 [S]
 */
export function createInteraction(request: ProviderRequest): Submission {
  const { ratio, tier } = chooseSize(request)
  const { thinking } = request.settings
  const images = request.references.map(image => ({ type: 'image', ...toData(image) }))
  const format = {
    type: 'image',
    delivery: 'inline',
    ...(ratio !== undefined && { aspect_ratio: ratio }),
    ...(tier !== undefined && { image_size: tier }),
  }
  const body = {
    model: toProviderModel(request.model),
    input: [{ type: 'text', text: request.prompt }, ...images],
    response_format: format,
    ...(thinking !== undefined && { generation_config: { thinking_level: thinking } }),
    background: true,
    store: true,
  }
  return { path: '/interactions', body }
}

/** Builds the submission of one image that is answered with it. @see GenerateContentConfig, ImageConfig in js-genai [S] */
export function createGenerateContent(request: ProviderRequest): Submission {
  const { ratio, tier } = chooseSize(request)
  const { thinking } = request.settings
  const image = { ...(ratio !== undefined && { aspectRatio: ratio }), ...(tier !== undefined && { imageSize: tier }) }
  const images = request.references.map(reference => {
    const { mime_type: mimeType, data } = toData(reference)
    return { inlineData: { mimeType, data } }
  })
  const body = {
    contents: [{ role: 'user', parts: [{ text: request.prompt }, ...images] }],
    generationConfig: {
      responseModalities: ['IMAGE'],
      ...(Object.keys(image).length > 0 && { imageConfig: image }),
      ...(thinking !== undefined && { thinkingConfig: { thinkingLevel: thinking } }),
    },
  }
  return { path: `/models/${encodeURIComponent(toProviderModel(request.model))}:generateContent`, body }
}

/** Returns the size fields of a request. Size `auto` has none; a model of one tier is not told it. */
function chooseSize({ model, resolution, aspectRatio }: ProviderRequest): { ratio?: string; tier?: string } {
  if (resolution === 'auto') return {}
  const base = toBaseName(toProviderModel(model))
  const tiers = Object.hasOwn(IMAGE_MODELS, base) ? (IMAGE_MODELS[base]?.tiers ?? []) : []
  const tier = tiers.find(name => name === String(resolution) || IMAGE_TIERS[name] === resolution)
  return { ratio: aspectRatio, ...(tiers.length > 1 && tier !== undefined && { tier }) }
}

function toData({ bytes, mimeType }: ProviderReference): { mime_type: string; data: string } {
  return { mime_type: mimeType, data: bytes.toBase64() }
}
