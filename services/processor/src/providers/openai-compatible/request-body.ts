import type { ProviderReference, ProviderRequest } from '../adapter.ts'
import { ProviderError } from '../adapter.ts'
import type { ResolvedDialect } from './resolve-dialect.ts'

/** A request in the dialect of a server. */
export interface WireRequest {
  /** Path below that of the API. */
  path: string
  body: FormData | Record<string, unknown>
  /** Names of its fields. */
  fields: readonly string[]
}

/** Name of the one model of a server that names none. It is never sent. */
export const UNNAMED_MODEL = 'unnamed'

/** Writes a request in the dialect of a server. Fields that the dialect does not have are left out. @throws ProviderError */
export function createWireRequest(request: ProviderRequest, dialect: ResolvedDialect): WireRequest {
  const { fields } = dialect
  const images = request.references.filter(({ role }) => role !== 'mask')
  const mask = request.references.find(({ role }) => role === 'mask')
  const values = { ...createFields(request, dialect), ...pickSettings(request, dialect, images.length > 0) }
  if (images.length === 0) return toJsonRequest(fields.generatePath, values)
  if (fields.references === 'none') throw new ProviderError('reference_refused')
  if (fields.references === 'multipart') return toFormRequest(dialect, values, { images, mask })
  return toJsonRequest(fields.editPath, { ...values, ...describeImages(dialect, images), ...describeMask(mask) })
}

/** Returns the name of a model at its server. */
function getModelName(model: string): string {
  return model.slice(model.indexOf('/') + 1)
}

function createFields(request: ProviderRequest, dialect: ResolvedDialect): Record<string, unknown> {
  const { fields, preset } = dialect
  const name = getModelName(request.model)
  const extras: Record<string, unknown> = {}
  const values: Record<string, unknown> = {}
  const set = (field: string, value: unknown, extra: Record<string, unknown>) =>
    Object.assign(field === 'extra-args' ? extras : values, field === 'extra-args' ? extra : { [field]: value })
  if (fields.sendsModel && name !== UNNAMED_MODEL) values.model = name
  Object.assign(values, describeSize(request, dialect))
  if (fields.responseFormat !== 'none') values.response_format = fields.responseFormat
  if (fields.takesSeed) set(preset.names.seed, request.seed, { seed: request.seed })
  const { negativePrompt, settings } = request
  if (fields.takesNegativePrompt && negativePrompt)
    set(preset.names.negativePrompt, negativePrompt, { negative_prompt: negativePrompt })
  const { steps } = settings
  if (fields.takesSteps && steps !== undefined)
    set(preset.names.steps, steps, { sample_params: { sample_steps: steps } })
  return { prompt: formatExtraArgs(extras) + request.prompt, ...values }
}

/**
 * Formats what stable-diffusion.cpp reads out of the prompt. It comes first: the server takes the first block, and the prompt of a
 * user may have one.
 */
function formatExtraArgs(extras: Record<string, unknown>): string {
  if (Object.keys(extras).length === 0) return ''
  return `<sd_cpp_extra_args>${JSON.stringify(extras).replaceAll('<', '\\u003c')}</sd_cpp_extra_args>`
}

function describeSize(request: ProviderRequest, { fields, preset, sizes }: ResolvedDialect): Record<string, unknown> {
  const { width, height, aspectRatio, resolution } = request
  if (resolution === 'auto') return {}
  if (fields.sizeStyle === 'size') return { size: `${width}x${height}` }
  if (fields.sizeStyle === 'width-height') return { width, height }
  if (fields.sizeStyle === 'none') return {}
  const tiers = sizes.kind === 'ratio' && preset.sendsResolution ? sizes.tiers : []
  const tier = tiers.find(({ name, side }) => name === resolution || side === resolution)
  return { aspect_ratio: aspectRatio, ...(tier && { resolution: tier.name }) }
}

function pickSettings(
  { settings }: ProviderRequest,
  { preset }: ResolvedDialect,
  hasImages: boolean,
): Record<string, unknown> {
  const names = Object.keys(preset.settings).filter(name => hasImages || !preset.editOnly.includes(name))
  return Object.fromEntries(names.flatMap(name => (settings[name] === undefined ? [] : [[name, settings[name]]])))
}

function describeImages({ fields, preset }: ResolvedDialect, images: readonly ProviderReference[]) {
  const urls = images.map(toDataUrl)
  if (fields.references === 'image-url') return { image_url: urls[0] }
  if (fields.references === 'input-references')
    return { input_references: urls.map(url => ({ type: 'image_url', image_url: { url } })) }
  if (preset.jsonImages === 'localai') return { ref_images: images.map(({ bytes }) => toBase64(bytes)) }
  if (preset.jsonImages === 'openai') return { images: urls.map(url => ({ image_url: url })) }
  const items = urls.map(url => ({ type: 'image_url', url }))
  return items.length === 1 ? { image: items[0] } : { images: items }
}

function describeMask(mask: ProviderReference | undefined): Record<string, unknown> {
  return mask ? { mask: { image_url: toDataUrl(mask) } } : {}
}

function toJsonRequest(path: string, values: Record<string, unknown>): WireRequest {
  return { path, body: values, fields: Object.keys(values) }
}

function toFormRequest(
  { fields, preset }: ResolvedDialect,
  values: Record<string, unknown>,
  { images, mask }: { images: readonly ProviderReference[]; mask: ProviderReference | undefined },
): WireRequest {
  const form = new FormData()
  for (const [name, value] of Object.entries(values)) form.append(name, String(value))
  for (const [index, image] of images.entries()) form.append(preset.names.file, toBlob(image), `image-${index + 1}`)
  if (mask) form.append('mask', toBlob(mask), 'mask.png')
  return { path: fields.editPath, body: form, fields: [...new Set(form.keys())] }
}

function toBlob({ bytes, mimeType }: ProviderReference): Blob {
  return new Blob([new Uint8Array(bytes)], { type: mimeType })
}

function toDataUrl({ bytes, mimeType }: ProviderReference): string {
  return `data:${mimeType};base64,${toBase64(bytes)}`
}

function toBase64(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('base64')
}
