import type { Scalar } from '@darkroom/contracts/parameters'
import { ProviderError, type ProviderReference, type ProviderRequest } from '../adapter.ts'
import {
  type CatalogueModel,
  findModel,
  MAX_IMAGE_BYTES,
  MAX_IMAGES,
  MAX_OTHERS,
  SIZE_STEP_WITH_IMAGES,
} from './catalogue.ts'

/** A submission: its path, and what is sent. */
export interface Submission {
  path: string
  /** A form where there are images, else JSON. */
  body: FormData | Record<string, Scalar>
}

type Fields = Record<string, Scalar>
type Files = readonly (readonly [field: string, file: ProviderReference])[]

/** Builds the submission of one output. @throws ProviderError for what Ideogram is known not to take */
export function createSubmission(request: ProviderRequest): Submission {
  const found = findModel(request.model)
  if (!found) throw new ProviderError('model_unknown')
  const { name, model } = found
  const files = listFiles(request, model)
  if (files.some(([, { bytes }]) => bytes.byteLength > MAX_IMAGE_BYTES))
    throw refuse('Ideogram takes images of up to 25 MB.')
  const fields = { ...createFields(request, model, files.length > 0), ...createAsync(model) }
  return { path: `/v2/image/${model.endpoint ?? name}`, body: files.length > 0 ? createForm(fields, files) : fields }
}

/** Requests that the answer comes at once [D]. Replacing a background is never waited for, and has no such field. */
function createAsync({ kind }: CatalogueModel): Fields {
  return kind === 'replace-background' ? {} : { async: true }
}

function createFields(request: ProviderRequest, { kind, factor }: CatalogueModel, hasImages: boolean): Fields {
  const { prompt, seed, settings } = request
  const quality = settings.quality === undefined ? {} : { quality: settings.quality }
  switch (kind) {
    case 'generate': {
      const magicPrompt = settings.magic_prompt === undefined ? {} : { magic_prompt: settings.magic_prompt }
      return { prompt, seed, ...quality, ...magicPrompt, ...createSize(request, hasImages) }
    }
    case 'precise-edit':
      return { prompt, seed, ...quality }
    case 'replace-background':
      return { prompt }
    case 'remove-background':
      return {}
    case 'upscale':
      return { upscale_factor: `x${factor ?? 2}` }
  }
}

/** Returns the size of an output: with a mask it is that of the first image, and cannot be sent [D]. */
function createSize({ resolution, width, height, references }: ProviderRequest, hasImages: boolean): Fields {
  if (references.some(({ role }) => role === 'mask')) return {}
  if (resolution === 'auto') return { size: hasImages ? 'source' : 'auto' }
  if (hasImages && [width, height].some(side => side % SIZE_STEP_WITH_IMAGES !== 0))
    throw new ProviderError('setting_refused', { message: UNEVEN_SIZE })
  return { size: `${width}x${height}` }
}

const UNEVEN_SIZE =
  'With images Ideogram takes no size whose sides are not multiples of 32. Choose a larger one, or “auto” for that of the first image.'

function listFiles({ references }: ProviderRequest, { kind }: CatalogueModel): Files {
  const mask = references.find(({ role }) => role === 'mask')
  const [first, ...others] = references.filter(({ role }) => role !== 'mask')
  const masks: Files = mask ? [['mask', mask]] : []
  const maxOthers = mask ? MAX_OTHERS - 1 : MAX_OTHERS
  if (!first) {
    if (kind === 'generate' && !mask) return []
    throw refuse('This model changes an image: add one.')
  }
  if (kind === 'generate') {
    if (others.length > Math.min(maxOthers, MAX_IMAGES - 1)) throw refuseCount(maxOthers)
    return [...[first, ...others].map(image => ['images', image] as const), ...masks]
  }
  if (kind === 'precise-edit') {
    if (others.length > maxOthers) throw refuseCount(maxOthers)
    return [['image', first], ...others.map(image => ['reference_images', image] as const), ...masks]
  }
  if (mask || others.length > 0) throw refuse('This model takes one image, and no mask.')
  return [['image', first]]
}

function createForm(fields: Fields, files: Files): FormData {
  const form = new FormData()
  for (const [name, value] of Object.entries(fields)) form.append(name, String(value))
  for (const [position, [field, { bytes, mimeType }]] of files.entries()) {
    const blob = new Blob([Uint8Array.from(bytes)], { type: mimeType })
    form.append(field, blob, `image-${position + 1}.${mimeType.slice(mimeType.indexOf('/') + 1)}`)
  }
  return form
}

function refuse(message: string): ProviderError {
  return new ProviderError('reference_refused', { message })
}

function refuseCount(maxOthers: number): ProviderError {
  return refuse(`Ideogram takes at most ${maxOthers} images beside the one that is changed, one fewer with a mask.`)
}
