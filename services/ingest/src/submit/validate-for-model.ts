import type { Submission } from '@darkroom/contracts/generation'
import type { InputRole, ModelSpec } from '@darkroom/contracts/model'
import { describeSetting, isValidSetting, resolveInputRole } from '@darkroom/contracts/model-fields'
import {
  formatPixels,
  listAspectRatios,
  listResolutions,
  type PixelSize,
  resolveSize,
  type SizeChoice,
} from '@darkroom/contracts/size'
import type { FieldError } from '../validation-error.ts'

/**
 * Returns an error for each field of a submission that the model does not support.
 *
 * @param roles of the input images, by position, each image once
 */
export function validateForModel(model: ModelSpec, submission: Submission, roles: readonly InputRole[]): FieldError[] {
  const { numOutputs, duration, seed, negativePrompt, settings } = submission.parameters
  const checks: [string, boolean, string][] = [
    [
      'prompt',
      submission.prompt.length <= model.promptCharacters,
      `is longer than ${model.promptCharacters} characters`,
    ],
    ['parameters.numOutputs', numOutputs <= model.maxOutputs, `can be 1 to ${model.maxOutputs}`],
    ['parameters.duration', isDurationAllowed(model, duration), formatAllowedDurations(model)],
    ['parameters.seed', isSeedAllowed(model, seed), formatAllowedSeeds(model)],
    [
      'parameters.negativePrompt',
      negativePrompt === undefined || model.negativePrompt,
      'is not something this model takes',
    ],
  ]
  const errors = checks.flatMap(([path, isValid, message]) => (isValid ? [] : [{ path, message }]))
  return [
    ...errors,
    ...validateSize(model, submission),
    ...validateInputs(model, submission, roles),
    ...Object.entries(settings ?? {}).flatMap(([name, value]) => validateSetting(model, name, value)),
  ]
}

/**
 * Returns an error where a model that enlarges its image would make one that is too large of it. This is known once the image is stored.
 *
 * @param image the first image of the submission
 */
export function validateResultSize({ sizes }: ModelSpec, image: PixelSize | undefined): FieldError[] {
  if (sizes.kind !== 'scale' || !image || resolveSize(sizes, AUTO, image)) return []
  const { factor, maxSide, maxPixels } = sizes
  const result = formatPixels({ width: image.width * factor, height: image.height * factor })
  const megapixels = (maxPixels / 1e6).toFixed(1)
  const message = `is ${formatPixels(image)}, which would become ${result}: this model makes at most ${megapixels} megapixels, ${maxSide} pixels a side`
  return [{ path: 'referenceImages', message }]
}

const AUTO: SizeChoice = { aspectRatio: '1:1', resolution: 'auto' }

/** Returns an error where the model does not offer the size: for the ratio if it has none such, else for the resolution. */
function validateSize({ sizes }: ModelSpec, { parameters: { aspectRatio, resolution } }: Submission): FieldError[] {
  const ratios = listAspectRatios(sizes)
  const isRatio = /^[1-9]\d{0,2}:[1-9]\d{0,2}$/.test(aspectRatio)
  if (isRatio && resolveSize(sizes, { aspectRatio, resolution })) return []
  if (!isRatio || (ratios.length > 0 && !ratios.includes(aspectRatio) && typeof resolution === 'number'))
    return [{ path: 'parameters.aspectRatio', message: `can be ${ratios.join(', ')}` }]
  const offered = listResolutions(sizes, ratios.includes(aspectRatio) ? aspectRatio : (ratios[0] ?? '1:1'))
  return [{ path: 'parameters.resolution', message: `can be ${offered.join(', ')}` }]
}

/** Returns an error for each role of which a submission has more, or fewer, images than the model takes. */
function validateInputs(model: ModelSpec, submission: Submission, roles: readonly InputRole[]): FieldError[] {
  const { referenceRoles = [], referenceImages = [], referenceImage } = submission
  if (referenceRoles.length > referenceImages.length + (referenceImage === undefined ? 0 : 1))
    return [{ path: 'referenceRoles', message: 'has more entries than there are references' }]
  const counts = new Map<InputRole, number>()
  for (const role of roles.map(role => resolveInputRole(model, role))) counts.set(role, (counts.get(role) ?? 0) + 1)
  const tooMany = [...counts].flatMap(([role, count]) => {
    const max =
      role === 'mask' && model.mask !== 'none' ? 1 : (model.inputs.find(input => input.role === role)?.max ?? 0)
    return count > max ? [{ path: 'referenceImages', message: formatMaxInputs(role, max) }] : []
  })
  const missing = model.inputs.flatMap(({ role, min }) =>
    (counts.get(role) ?? 0) < min ? [{ path: 'referenceImages', message: `must have a ${role} with this model` }] : [],
  )
  const hasLoneMask = roles.includes('mask') && roles.every(role => role === 'mask')
  const loneMask = hasLoneMask ? [{ path: 'referenceImages', message: 'has a mask, and no image that it is for' }] : []
  return [...tooMany, ...missing, ...loneMask]
}

function formatMaxInputs(role: InputRole, max: number): string {
  if (role === 'reference') return `can be at most ${max} with this model`
  return max === 0 ? `cannot have a ${role} with this model` : `can have at most ${max} ${role} with this model`
}

function validateSetting(model: ModelSpec, name: string, value: string | number | boolean): FieldError[] {
  const path = `parameters.settings.${name}`
  const setting = Object.hasOwn(model.settings, name) ? model.settings[name] : undefined
  if (!setting) return [{ path, message: 'is not a setting of this model' }]
  return isValidSetting(setting, value) ? [] : [{ path, message: describeSetting(setting) }]
}

function isSeedAllowed({ seed: range }: ModelSpec, seed: number | undefined): boolean {
  return seed === undefined || (range !== null && seed >= range.min && seed <= range.max)
}

function formatAllowedSeeds({ seed }: ModelSpec): string {
  return seed === null ? 'is not something this model takes' : `can be a whole number from ${seed.min} to ${seed.max}`
}

function isDurationAllowed(model: ModelSpec, duration: number | undefined): boolean {
  return duration === undefined || model.durations.includes(duration)
}

function formatAllowedDurations(model: ModelSpec): string {
  return model.durations.length === 0
    ? 'is not something this model takes'
    : `can be ${model.durations.join(', ')} seconds`
}
