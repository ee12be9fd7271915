import type { Submission } from '@darkroom/contracts/generation'
import type { Model, Setting } from '@darkroom/contracts/model'
import type { FieldError } from '../validation-error.ts'

/** Returns an error for each field of a submission that the model does not support. */
export function validateForModel(model: Model, submission: Submission, referenceCount: number): FieldError[] {
  const { aspectRatio, resolution, numOutputs, duration, seed, negativePrompt, settings } = submission.parameters
  const checks: [string, boolean, string][] = [
    [
      'prompt',
      submission.prompt.length <= model.promptCharacters,
      `is longer than ${model.promptCharacters} characters`,
    ],
    ['parameters.aspectRatio', model.aspectRatios.includes(aspectRatio), `can be ${model.aspectRatios.join(', ')}`],
    ['parameters.resolution', model.resolutions.includes(resolution), `can be ${model.resolutions.join(', ')}`],
    ['parameters.numOutputs', numOutputs <= model.maxOutputs, `can be 1 to ${model.maxOutputs}`],
    ['parameters.duration', isDurationAllowed(model, duration), formatAllowedDurations(model)],
    ['parameters.seed', seed === undefined || model.seed, 'is not something this model takes'],
    [
      'parameters.negativePrompt',
      negativePrompt === undefined || model.negativePrompt,
      'is not something this model takes',
    ],
    ['referenceImages', referenceCount <= model.maxReferences, `can be at most ${model.maxReferences} with this model`],
  ]
  const errors = checks.flatMap(([path, isValid, message]) => (isValid ? [] : [{ path, message }]))
  return [...errors, ...Object.entries(settings ?? {}).flatMap(([name, value]) => validateSetting(model, name, value))]
}

function validateSetting(model: Model, name: string, value: string | number | boolean): FieldError[] {
  const path = `parameters.settings.${name}`
  const setting = Object.hasOwn(model.settings, name) ? model.settings[name] : undefined
  if (!setting) return [{ path, message: 'is not a setting of this model' }]
  return isValidSetting(setting, value) ? [] : [{ path, message: formatAllowedValues(setting) }]
}

function isValidSetting(setting: Setting, value: string | number | boolean): boolean {
  if (setting.type === 'number') return typeof value === 'number' && value >= setting.min && value <= setting.max
  if (setting.type === 'boolean') return typeof value === 'boolean'
  return typeof value === 'string' && setting.choices.includes(value)
}

function formatAllowedValues(setting: Setting): string {
  if (setting.type === 'number') return `can be ${setting.min} to ${setting.max}`
  if (setting.type === 'boolean') return 'can be true or false'
  return `can be ${setting.choices.join(', ')}`
}

function isDurationAllowed(model: Model, duration: number | undefined): boolean {
  return duration === undefined || model.durations.includes(duration)
}

function formatAllowedDurations(model: Model): string {
  return model.durations.length === 0
    ? 'is not something this model takes'
    : `can be ${model.durations.join(', ')} seconds`
}
