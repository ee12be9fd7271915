import type { Submission } from '@darkroom/contracts/generation'
import type { Model, Setting } from '@darkroom/contracts/model'

export interface Objection {
  path: string
  message: string
}

/** What a model cannot do of what was asked, a line each; empty if it can do all of it. */
export function judge(model: Model, submission: Submission, references: number): Objection[] {
  const { aspectRatio, resolution, numOutputs, duration, seed, negativePrompt, settings } = submission.parameters
  const asked: [string, boolean, string][] = [
    [
      'prompt',
      submission.prompt.length <= model.promptCharacters,
      `is longer than ${model.promptCharacters} characters`,
    ],
    ['parameters.aspectRatio', model.aspectRatios.includes(aspectRatio), `can be ${model.aspectRatios.join(', ')}`],
    ['parameters.resolution', model.resolutions.includes(resolution), `can be ${model.resolutions.join(', ')}`],
    ['parameters.numOutputs', numOutputs <= model.maxOutputs, `can be 1 to ${model.maxOutputs}`],
    ['parameters.duration', mayLast(model, duration), durationsOf(model)],
    ['parameters.seed', seed === undefined || model.seed, 'is not something this model takes'],
    [
      'parameters.negativePrompt',
      negativePrompt === undefined || model.negativePrompt,
      'is not something this model takes',
    ],
    ['referenceImages', references <= model.maxReferences, `can be at most ${model.maxReferences} with this model`],
  ]
  const objections = asked.flatMap(([path, fine, message]) => (fine ? [] : [{ path, message }]))
  return [...objections, ...Object.entries(settings ?? {}).flatMap(([name, value]) => judgeSetting(model, name, value))]
}

function judgeSetting(model: Model, name: string, value: string | number | boolean): Objection[] {
  const path = `parameters.settings.${name}`
  const setting = Object.hasOwn(model.settings, name) ? model.settings[name] : undefined
  if (!setting) return [{ path, message: 'is not a setting of this model' }]
  return fits(setting, value) ? [] : [{ path, message: rangeOf(setting) }]
}

function fits(setting: Setting, value: string | number | boolean): boolean {
  if (setting.type === 'number') return typeof value === 'number' && value >= setting.min && value <= setting.max
  if (setting.type === 'boolean') return typeof value === 'boolean'
  return typeof value === 'string' && setting.choices.includes(value)
}

function rangeOf(setting: Setting): string {
  if (setting.type === 'number') return `can be ${setting.min} to ${setting.max}`
  if (setting.type === 'boolean') return 'can be true or false'
  return `can be ${setting.choices.join(', ')}`
}

function mayLast(model: Model, duration: number | undefined): boolean {
  return duration === undefined || model.durations.includes(duration)
}

function durationsOf(model: Model): string {
  return model.durations.length === 0
    ? 'is not something this model takes'
    : `can be ${model.durations.join(', ')} seconds`
}
