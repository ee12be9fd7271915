import type { SubmittedParameters } from '../generation.ts'
import type { Model, ModelSpec } from '../model.ts'
import { isSettingActive, isValidSetting, withDefaults } from '../model-fields.ts'
import type { PublicParameters, Scalar } from '../parameters.ts'
import type { SizeChoice } from '../size.ts'
import { adaptSize } from './size-choice.ts'

/** Choices beside a prompt, in terms that any model understands or leaves out. Null: nothing was chosen. */
export interface ChosenParameters extends SizeChoice {
  numOutputs: number
  duration: number | null
  seed: number | null
  negativePrompt: string
  settings: Record<string, Scalar>
}

/** Returns the choices within the limits of a model. Those that the model does not have stay, for a model that has them. */
export function adaptParameters<T extends ChosenParameters>(chosen: T, model: ModelSpec | Model): T {
  return {
    ...chosen,
    ...adaptSize({ aspectRatio: chosen.aspectRatio, resolution: chosen.resolution }, model.sizes),
    numOutputs: Math.min(Math.max(chosen.numOutputs, 1), model.maxOutputs),
    duration: findNearest(model.durations, chosen.duration),
    seed: chosen.seed === null || model.seed === null ? chosen.seed : clampSeed(chosen.seed, model.seed),
    settings: filterSettings(chosen.settings, model),
  }
}

/** Returns the parameters of a submission to a model: only those that the model has, and of those only the chosen ones. */
export function toSubmittedParameters(chosen: ChosenParameters, model: ModelSpec | Model): SubmittedParameters {
  const { aspectRatio, resolution, numOutputs, duration, seed, negativePrompt, settings } = adaptParameters(
    chosen,
    model,
  )
  return {
    aspectRatio,
    resolution,
    numOutputs,
    ...(duration !== null && { duration }),
    ...(model.seed !== null && seed !== null && { seed }),
    ...(model.negativePrompt && negativePrompt.trim() !== '' && { negativePrompt }),
    ...(Object.keys(settings).length > 0 && { settings }),
  }
}

/** Returns the choices that the public parameters of a generation show. */
export function toChosenParameters(parameters: PublicParameters): ChosenParameters {
  const { aspectRatio = '1:1', resolution = 1024, numOutputs = 1, duration = null, seed } = parameters
  const { negativePrompt = '', settings = {} } = parameters
  return {
    ...{ aspectRatio, resolution, numOutputs, duration, negativePrompt, settings },
    seed: typeof seed === 'number' && seed >= 0 ? seed : null,
  }
}

/** Returns the chosen settings that a model has and takes, without those that have no effect beside the others. */
function filterSettings(chosen: Record<string, Scalar>, model: Pick<ModelSpec, 'settings'>): Record<string, Scalar> {
  const settingOf = (name: string) => (Object.hasOwn(model.settings, name) ? model.settings[name] : undefined)
  const valid = Object.entries(chosen).filter(([name, value]) => {
    const setting = settingOf(name)
    return setting !== undefined && isValidSetting(setting, value)
  })
  const values = withDefaults(model, Object.fromEntries(valid))
  const active = valid.filter(([name]) => {
    const setting = settingOf(name)
    return setting !== undefined && isSettingActive(setting, values)
  })
  return Object.fromEntries(active)
}

function clampSeed(seed: number, { min, max }: { min: number; max: number }): number {
  return Math.min(max, Math.max(min, seed))
}

/** Returns the option that is nearest to the chosen one, the first if none was chosen; null if there is none. */
function findNearest(options: readonly number[], chosen: number | null): number | null {
  if (chosen === null) return options[0] ?? null
  return options.toSorted((a, b) => Math.abs(a - chosen) - Math.abs(b - chosen))[0] ?? null
}
