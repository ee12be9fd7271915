import type { FakeEndpoint, FakeField } from './endpoints.ts'

/** An error of a model, as fal answers it. [D] fal.ai/docs/documentation/model-apis/errors.md */
export interface FakeModelError {
  loc: (string | number)[]
  msg: string
  type: string
}

/** Data URLs of images, which fal takes wherever it takes a URL. [S] */
const DATA_URL = /^data:image\/(?:png|jpeg|webp);base64,[A-Za-z0-9+/]+={0,2}$/

/**
 * Validates the input of a model. fal ignores fields that a model does not have [D, third party]; the fake refuses them, so that none is sent
 * in vain.
 */
export function validateInput({ fields, required }: FakeEndpoint, input: Record<string, unknown>): FakeModelError[] {
  const missing = required
    .filter(name => input[name] === undefined)
    .map(name => createError(name, 'Field required', 'missing'))
  const wrong = Object.entries(input).flatMap(([name, value]) => {
    if (!fields) return []
    const field = fields[name]
    if (!field) return [createError(name, 'Extra inputs are not permitted', 'extra_forbidden')]
    return validateField(name, field, value)
  })
  return [...missing, ...wrong]
}

function createError(name: string, msg: string, type: string): FakeModelError {
  return { loc: ['body', name], msg, type }
}

function validateField(name: string, field: FakeField, value: unknown): FakeModelError[] {
  if (name === 'image_size') return isSize(value) ? [] : [createError(name, 'Input should be a size', 'value_error')]
  if (name === 'image_urls' || name.endsWith('_url')) {
    const urls = Array.isArray(value) ? value : [value]
    const areImages = urls.length > 0 && urls.every(url => typeof url === 'string' && DATA_URL.test(url))
    return areImages ? [] : [createError(name, 'Failed to load the image.', 'image_load_error')]
  }
  if (field.enum && !field.enum.includes(value))
    return [createError(name, `Input should be ${field.enum.join(' or ')}`, 'literal_error')]
  const type = typeof field.type === 'string' ? field.type : undefined
  const isType = type === undefined || (type === 'integer' ? Number.isInteger(value) : typeof value === TYPES[type])
  return isType ? [] : [createError(name, `Input should be a valid ${type}`, `${type}_type`)]
}

const TYPES: Readonly<Record<string, string>> = { string: 'string', number: 'number', boolean: 'boolean' }

function isSize(value: unknown): boolean {
  if (typeof value === 'string') return true
  if (typeof value !== 'object' || value === null || !('width' in value) || !('height' in value)) return false
  return [value.width, value.height].every(side => Number.isInteger(side) && Number(side) > 0 && Number(side) <= 14_142)
}
